using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>HEARTBEAT_ACK.</summary>
public sealed class HeartbeatAck : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.HeartbeatAck;

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f) => f.Reserved(2);
}
