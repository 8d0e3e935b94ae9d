using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>What VENDOR_DEFINED_REQUEST and VENDOR_DEFINED_RESPONSE have in common: everything but the code.</summary>
public abstract class VendorDefinedMessage : SpdmMessage
{
    /// <summary>StandardID: the registry that the vendor's identifier is of; 3 is PCI-SIG.</summary>
    public ushort StandardId { get; set; }

    /// <summary>VendorID, as long as its registry says.</summary>
    public byte[] VendorId { get; set; } = [];

    /// <summary>VendorDefinedPayload.</summary>
    public byte[] Payload { get; set; } = [];

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        f.Reserved(2);
        StandardId = f.U16("StandardID", StandardId);
        byte length = f.U8("Len", checked((byte)VendorId.Length));
        VendorId = f.Bytes("VendorID", VendorId, new FieldSize(length, "Len"));
        ushort size = f.U16("PayloadLength", checked((ushort)Payload.Length));
        Payload = f.Bytes("VendorDefinedPayload", Payload, new FieldSize(size, "PayloadLength"));
    }
}
