namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>UNBIND_P2P_STREAM_RESPONSE.</summary>
public sealed class TdispUnbindP2pStreamResponse : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.UnbindP2pStreamResponse;
}
