using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>ERROR.</summary>
public sealed class ErrorResponse : SpdmMessage
{
    // ExtendedErrorData has at most 32 bytes for every code that has a layout of its own.
    private const int ExtendedDataLimit = 32;

    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.Error;

    /// <summary>Param1, ErrorCode.</summary>
    public SpdmErrorCode ErrorCode { get; set; } = SpdmErrorCode.Unspecified;

    /// <summary>Param2, ErrorData: for UnsupportedRequest, the request's code.</summary>
    public byte ErrorData { get; set; }

    /// <summary>ResponseNotReady: when to ask again.</summary>
    public ResponseNotReady NotReady { get; set; }

    /// <summary>ExtendedErrorData of every other code, uninterpreted.</summary>
    public byte[] ExtendedData { get; set; } = [];

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        ErrorCode = (SpdmErrorCode)f.U8("Param1: ErrorCode", (byte)ErrorCode);
        ErrorData = f.U8("Param2: ErrorData", ErrorData);
        f.When(ErrorCode == SpdmErrorCode.ResponseNotReady, "ResponseNotReady", () => NotReady = ResponseNotReady.Visit(f, NotReady));
        f.When(ErrorCode != SpdmErrorCode.ResponseNotReady, "otherwise", () => ExtendedData = f.Rest("ExtendedErrorData", ExtendedData));
        f.Check(ExtendedData.Length <= ExtendedDataLimit, "ExtendedErrorData has at most 32 bytes");
    }
}
