namespace CoveJit.TeeIo.Ide;

/// <summary>K_SET_GO: begin to use a key.</summary>
public sealed class IdeKmKeySetGo : IdeKmKeyMessage
{
    /// <inheritdoc/>
    public override IdeKmCode Code => IdeKmCode.KeySetGo;
}
