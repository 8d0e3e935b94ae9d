using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>END_SESSION_ACK.</summary>
public sealed class EndSessionAck : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.EndSessionAck;

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f) => f.Reserved(2);
}
