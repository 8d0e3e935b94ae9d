using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>UNBIND_P2P_STREAM_REQUEST.</summary>
public sealed class TdispUnbindP2pStream : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.UnbindP2pStream;

    /// <summary>P2P_STREAM_ID.</summary>
    public byte StreamId { get; set; }

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f) => StreamId = f.U8("P2P_STREAM_ID", StreamId);
}
