using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>TDISP_ERROR.</summary>
public sealed class TdispError : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.Error;

    /// <summary>ERROR_CODE.</summary>
    public TdispErrorCode ErrorCode { get; set; }

    /// <summary>ERROR_DATA: for UnsupportedRequest, the request's type.</summary>
    public uint ErrorData { get; set; }

    /// <summary>EXTENDED_ERROR_DATA.</summary>
    public byte[] ExtendedData { get; set; } = [];

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        ErrorCode = (TdispErrorCode)f.U32("ERROR_CODE", (uint)ErrorCode);
        ErrorData = f.U32("ERROR_DATA", ErrorData);
        ExtendedData = f.Rest("EXTENDED_ERROR_DATA", ExtendedData);
    }
}
