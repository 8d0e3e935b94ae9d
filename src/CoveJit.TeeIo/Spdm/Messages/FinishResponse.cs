using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>FINISH_RSP: the session is established. It carries verify data only with a handshake in the clear, which is not supported.</summary>
public sealed class FinishResponse : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.FinishRsp;

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f) => f.Reserved(2);
}
