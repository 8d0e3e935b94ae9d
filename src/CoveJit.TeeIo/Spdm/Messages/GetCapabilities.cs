using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>GET_CAPABILITIES: what the requester can do.</summary>
public sealed class GetCapabilities : CapabilitiesMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.GetCapabilities;

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        base.Fields(f);
        f.Check(SpdmCapabilityRules.FindContradiction(Flags, responder: false) is null, "Flags go together");
    }
}
