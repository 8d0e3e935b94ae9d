namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>KEY_UPDATE: changes the keys of an established session.</summary>
public sealed class KeyUpdate : KeyUpdateMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.KeyUpdate;
}
