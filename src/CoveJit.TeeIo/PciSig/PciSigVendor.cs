namespace CoveJit.TeeIo.PciSig;

/// <summary>How PCI-SIG's protocols travel in SPDM: vendor-defined messages whose payload begins with the protocol's number.</summary>
public static class PciSigVendor
{
    /// <summary>StandardID of PCI-SIG.</summary>
    public const ushort StandardId = 3;

    /// <summary>Protocol ID of IDE_KM.</summary>
    public const byte IdeKm = 0;

    /// <summary>Protocol ID of TDISP.</summary>
    public const byte Tdisp = 1;

    /// <summary>VendorID of PCI-SIG itself, 0x0001.</summary>
    public static ReadOnlySpan<byte> VendorId => [0x01, 0x00];
}
