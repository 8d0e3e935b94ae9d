namespace CoveJit.Tsm;

/// <summary>Bits of tsm_capabilities (CoVE, <c>struct tsm_info</c>).</summary>
[Flags]
public enum TsmCapabilities : ulong
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>TSM_CAP_PROMOTE_TVM: a TVM may be made in one step.</summary>
    PromoteTvm = 1 << 0,

    /// <summary>TSM_CAP_ATTESTATION_LOCAL.</summary>
    LocalAttestation = 1 << 1,

    /// <summary>TSM_CAP_ATTESTATION_REMOTE.</summary>
    RemoteAttestation = 1 << 2,

    /// <summary>TSM_CAP_AIA: interrupt files for TVMs.</summary>
    Aia = 1 << 3,

    /// <summary>TSM_CAP_MRIF: memory-resident interrupt files.</summary>
    MemoryResidentFiles = 1 << 4,

    /// <summary>TSM_CAP_MEMORY_ALLOCATION: the host converts memory while it runs.</summary>
    MemoryAllocation = 1 << 5,
}
