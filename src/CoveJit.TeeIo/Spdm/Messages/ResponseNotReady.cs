using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>Extended error data of ResponseNotReady.</summary>
/// <param name="DelayExponent">RDTExponent: the response will be ready after 2 to the power of this, in microseconds.</param>
/// <param name="RequestCode">The code of the request that waits.</param>
/// <param name="Token">What RESPOND_IF_READY repeats.</param>
/// <param name="DelayMultiplier">RDTM: the response is kept for the delay times this.</param>
public readonly record struct ResponseNotReady(byte DelayExponent, SpdmCode RequestCode, byte Token, byte DelayMultiplier)
{
    internal static ResponseNotReady Visit(FieldVisitor f, ResponseNotReady value)
    {
        byte exponent = f.U8("RDTExponent", value.DelayExponent);
        SpdmCode code = (SpdmCode)f.U8("RequestCode", (byte)value.RequestCode);
        byte token = f.U8("Token", value.Token);
        return new ResponseNotReady(exponent, code, token, f.U8("RDTM", value.DelayMultiplier));
    }
}
