using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>What GET_CAPABILITIES and CAPABILITIES have in common: everything but the code.</summary>
public abstract class CapabilitiesMessage : SpdmMessage
{
    /// <summary>The least DataTransferSize, in bytes (MinDataTransferSize of SPDM 1.2).</summary>
    public const int MinDataTransferSize = 42;

    /// <summary>CTExponent: the time for cryptography is 2 to the power of this, in microseconds.</summary>
    public byte CryptoTimeoutExponent { get; set; }

    /// <summary>Flags.</summary>
    public SpdmCapabilities Flags { get; set; }

    /// <summary>DataTransferSize: the largest message that the sender can receive in one piece, in bytes.</summary>
    public uint DataTransferSize { get; set; } = MinDataTransferSize;

    /// <summary>MaxSPDMmsgSize: the largest message that the sender can receive in chunks, in bytes.</summary>
    public uint MaxMessageSize { get; set; } = MinDataTransferSize;

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        f.Reserved(3);
        CryptoTimeoutExponent = f.U8("CTExponent", CryptoTimeoutExponent);
        f.Check(CryptoTimeoutExponent <= 31, "CTExponent is at most 31");
        f.Reserved(2);
        Flags = (SpdmCapabilities)f.U32("Flags", (uint)Flags);
        DataTransferSize = f.U32("DataTransferSize", DataTransferSize);
        f.Check(DataTransferSize >= MinDataTransferSize, "DataTransferSize is at least 42");
        MaxMessageSize = f.U32("MaxSPDMmsgSize", MaxMessageSize);
        f.Check(MaxMessageSize >= DataTransferSize, "MaxSPDMmsgSize is at least DataTransferSize");
    }
}
