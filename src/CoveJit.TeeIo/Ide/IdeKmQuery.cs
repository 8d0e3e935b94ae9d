using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Ide;

/// <summary>QUERY: asks for a port's IDE registers.</summary>
public sealed class IdeKmQuery : IdeKmMessage
{
    /// <inheritdoc/>
    public override IdeKmCode Code => IdeKmCode.Query;

    /// <summary>PortIndex.</summary>
    public byte PortIndex { get; set; }

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        f.Reserved(1);
        PortIndex = f.U8("PortIndex", PortIndex);
    }
}
