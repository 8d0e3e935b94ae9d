namespace CoveJit.Tsm.Guests;

/// <summary>What a TVM's guest physical addresses are for.</summary>
public enum RegionKind
{
    /// <summary>Nothing has been declared.</summary>
    None,

    /// <summary>Confidential memory (<c>sbi_covh_add_tvm_memory_region</c>).</summary>
    Confidential,

    /// <summary>Memory that the TVM shares with the host (<c>sbi_covg_share_memory_region</c>).</summary>
    Shared,

    /// <summary>Registers that the host emulates (<c>sbi_covg_add_mmio_region</c>).</summary>
    Mmio,

    /// <summary>A vCPU's interrupt file (<c>sbi_covi_set_tvm_aia_cpu_imsic_addr</c>).</summary>
    InterruptFile,

    /// <summary>Memory of a device interface (<c>sbi_covg_map_interface_mmio</c>).</summary>
    Device,
}
