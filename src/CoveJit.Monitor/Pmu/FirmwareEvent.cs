namespace CoveJit.Monitor.Pmu;

/// <summary>Firmware events (SBI 3.0, table "PMU Firmware Events"): what this firmware can count. The fences of the H extension are not among them.</summary>
internal enum FirmwareEvent : uint
{
    /// <summary>SBI_PMU_FW_MISALIGNED_LOAD.</summary>
    MisalignedLoad = 0,

    /// <summary>SBI_PMU_FW_MISALIGNED_STORE.</summary>
    MisalignedStore = 1,

    /// <summary>SBI_PMU_FW_ACCESS_LOAD.</summary>
    AccessLoad = 2,

    /// <summary>SBI_PMU_FW_ACCESS_STORE.</summary>
    AccessStore = 3,

    /// <summary>SBI_PMU_FW_ILLEGAL_INSN.</summary>
    IllegalInstruction = 4,

    /// <summary>SBI_PMU_FW_SET_TIMER.</summary>
    SetTimer = 5,

    /// <summary>SBI_PMU_FW_IPI_SENT.</summary>
    IpiSent = 6,

    /// <summary>SBI_PMU_FW_IPI_RECEIVED.</summary>
    IpiReceived = 7,

    /// <summary>SBI_PMU_FW_FENCE_I_SENT.</summary>
    FenceISent = 8,

    /// <summary>SBI_PMU_FW_FENCE_I_RECEIVED.</summary>
    FenceIReceived = 9,

    /// <summary>SBI_PMU_FW_SFENCE_VMA_SENT.</summary>
    SfenceVmaSent = 10,

    /// <summary>SBI_PMU_FW_SFENCE_VMA_RECEIVED.</summary>
    SfenceVmaReceived = 11,

    /// <summary>SBI_PMU_FW_SFENCE_VMA_ASID_SENT.</summary>
    SfenceVmaAsidSent = 12,

    /// <summary>SBI_PMU_FW_SFENCE_VMA_ASID_RECEIVED.</summary>
    SfenceVmaAsidReceived = 13,

    /// <summary>SBI_PMU_FW_HFENCE_GVMA_SENT.</summary>
    HfenceGvmaSent = 14,

    /// <summary>SBI_PMU_FW_HFENCE_GVMA_RECEIVED.</summary>
    HfenceGvmaReceived = 15,

    /// <summary>SBI_PMU_FW_HFENCE_GVMA_VMID_SENT.</summary>
    HfenceGvmaVmidSent = 16,

    /// <summary>SBI_PMU_FW_HFENCE_GVMA_VMID_RECEIVED.</summary>
    HfenceGvmaVmidReceived = 17,

    /// <summary>SBI_PMU_FW_HFENCE_VVMA_SENT.</summary>
    HfenceVvmaSent = 18,

    /// <summary>SBI_PMU_FW_HFENCE_VVMA_RECEIVED.</summary>
    HfenceVvmaReceived = 19,

    /// <summary>SBI_PMU_FW_HFENCE_VVMA_ASID_SENT.</summary>
    HfenceVvmaAsidSent = 20,

    /// <summary>SBI_PMU_FW_HFENCE_VVMA_ASID_RECEIVED.</summary>
    HfenceVvmaAsidReceived = 21,
}
