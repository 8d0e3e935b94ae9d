namespace CoveJit.TeeIo.Tdisp;

/// <summary>INTERFACE_INFO of the device interface report.</summary>
[Flags]
public enum TdispInterfaceInfo : ushort
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Firmware is not updated while locked.</summary>
    NoUpdateAfterLock = 0x1,

    /// <summary>It generates DMA without PASID.</summary>
    DmaWithoutPasid = 0x2,

    /// <summary>It generates DMA with PASID.</summary>
    DmaWithPasid = 0x4,

    /// <summary>ATS is enabled.</summary>
    Ats = 0x8,

    /// <summary>PRS is enabled.</summary>
    Prs = 0x10,
}
