namespace CoveJit.TeeIo.Tdisp;

/// <summary>Attributes of an MMIO range.</summary>
[Flags]
public enum TdispMmioAttributes : ushort
{
    /// <summary>None: memory of the TEE.</summary>
    None = 0,

    /// <summary>It has the MSI-X table.</summary>
    MsixTable = 0x1,

    /// <summary>It has the MSI-X pending bits.</summary>
    MsixPendingBits = 0x2,

    /// <summary>It is not for the TEE.</summary>
    NonTeeMemory = 0x4,

    /// <summary>SET_MMIO_ATTRIBUTE can change that.</summary>
    Updatable = 0x8,
}
