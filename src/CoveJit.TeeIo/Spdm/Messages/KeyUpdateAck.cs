namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>KEY_UPDATE_ACK.</summary>
public sealed class KeyUpdateAck : KeyUpdateMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.KeyUpdateAck;
}
