using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>CAPABILITIES: what the responder can do.</summary>
public sealed class CapabilitiesResponse : CapabilitiesMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.Capabilities;

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        base.Fields(f);
        f.Check(SpdmCapabilityRules.FindContradiction(Flags, responder: true) is null, "Flags go together");
    }
}
