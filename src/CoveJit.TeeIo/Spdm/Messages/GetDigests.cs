using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>GET_DIGESTS: asks for the digests of all certificate chains.</summary>
public sealed class GetDigests : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.GetDigests;

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f) => f.Reserved(2);
}
