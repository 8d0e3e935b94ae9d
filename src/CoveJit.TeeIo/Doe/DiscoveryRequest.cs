using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Doe;

/// <summary>DOE discovery, request: which protocol has an index.</summary>
public sealed class DiscoveryRequest : WireMessage
{
    /// <summary>Index.</summary>
    public byte Index { get; set; }

    /// <summary>DOE Discovery Version.</summary>
    public byte Version { get; set; }

    /// <inheritdoc/>
    protected internal override void Visit(FieldVisitor f)
    {
        Index = f.U8("Index", Index);
        Version = f.U8("DOE Discovery Version", Version);
        f.Reserved(2);
    }
}
