using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>END_SESSION.</summary>
public sealed class EndSession : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.EndSession;

    /// <summary>Param1, bit 0: the responder shall forget a negotiated state that it has cached.</summary>
    public bool ClearNegotiatedState { get; set; }

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        ClearNegotiatedState = (f.U8("Param1: attributes", (byte)(ClearNegotiatedState ? 1 : 0)) & 1) != 0;
        f.Reserved(1);
    }
}
