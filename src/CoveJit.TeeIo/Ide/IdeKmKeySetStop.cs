namespace CoveJit.TeeIo.Ide;

/// <summary>K_SET_STOP: cease to use a key.</summary>
public sealed class IdeKmKeySetStop : IdeKmKeyMessage
{
    /// <inheritdoc/>
    public override IdeKmCode Code => IdeKmCode.KeySetStop;
}
