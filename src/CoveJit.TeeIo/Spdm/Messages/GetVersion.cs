using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>GET_VERSION: starts over and asks for the versions of SPDM.</summary>
public sealed class GetVersion : SpdmMessage
{
    /// <summary>Makes one; it is always sent as SPDM 1.0.</summary>
    public GetVersion() => Version = Version10;

    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.GetVersion;

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f) => f.Reserved(2);
}
