using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>HEARTBEAT: keeps a session alive.</summary>
public sealed class Heartbeat : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.Heartbeat;

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f) => f.Reserved(2);
}
