using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Doe;

/// <summary>DOE discovery, response: the protocol, and the next index that has one.</summary>
public sealed class DiscoveryResponse : WireMessage
{
    /// <summary>Vendor ID.</summary>
    public ushort VendorId { get; set; }

    /// <summary>Data Object Protocol.</summary>
    public DataObjectType Type { get; set; }

    /// <summary>Next Index; 0 ends the list.</summary>
    public byte NextIndex { get; set; }

    /// <inheritdoc/>
    protected internal override void Visit(FieldVisitor f)
    {
        VendorId = f.U16("Vendor ID", VendorId);
        Type = (DataObjectType)f.U8("Data Object Protocol", (byte)Type);
        NextIndex = f.U8("Next Index", NextIndex);
    }
}
