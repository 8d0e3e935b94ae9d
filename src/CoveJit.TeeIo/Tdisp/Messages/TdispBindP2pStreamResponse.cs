namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>BIND_P2P_STREAM_RESPONSE.</summary>
public sealed class TdispBindP2pStreamResponse : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.BindP2pStreamResponse;
}
