using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>RESPOND_IF_READY: asks again for a response that was not ready.</summary>
public sealed class RespondIfReady : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.RespondIfReady;

    /// <summary>Param1: the code of the request that waits.</summary>
    public SpdmCode RequestCode { get; set; }

    /// <summary>Param2: the token that came with ResponseNotReady.</summary>
    public byte Token { get; set; }

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        RequestCode = (SpdmCode)f.U8("Param1: request code", (byte)RequestCode);
        Token = f.U8("Param2: Token", Token);
    }
}
