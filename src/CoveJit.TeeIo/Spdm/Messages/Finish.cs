using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>FINISH: the requester has the keys.</summary>
public sealed class Finish : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.Finish;

    /// <summary>RequesterVerifyData.</summary>
    public byte[] VerifyData { get; set; } = [];

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        byte signature = f.U8("Param1: signature included", 0);
        f.Check(signature == 0, "there is no signature: mutual authentication is not supported");
        f.Reserved(1);
        VerifyData = f.Bytes("RequesterVerifyData", VerifyData, f.HashSize);
    }
}
