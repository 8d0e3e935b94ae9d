using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>BIND_P2P_STREAM_REQUEST.</summary>
public sealed class TdispBindP2pStream : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.BindP2pStream;

    /// <summary>P2P_STREAM_ID.</summary>
    public byte StreamId { get; set; }

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f) => StreamId = f.U8("P2P_STREAM_ID", StreamId);
}
