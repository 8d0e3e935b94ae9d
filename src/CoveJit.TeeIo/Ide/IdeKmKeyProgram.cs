using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Ide;

/// <summary>KEY_PROG: programs a key.</summary>
public sealed class IdeKmKeyProgram : IdeKmKeyMessage
{
    /// <inheritdoc/>
    public override IdeKmCode Code => IdeKmCode.KeyProgram;

    /// <summary>The key, 32 bytes.</summary>
    public byte[] KeyBytes { get; set; } = [];

    /// <summary>The initial invocation field, 8 bytes.</summary>
    public byte[] Ifv { get; set; } = [];

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        base.Fields(f);
        KeyBytes = f.Bytes("Key", KeyBytes, IdeKey.KeySize);
        Ifv = f.Bytes("IFV", Ifv, IdeKey.IfvSize);
    }
}
