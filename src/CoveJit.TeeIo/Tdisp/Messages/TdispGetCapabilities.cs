using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>GET_TDISP_CAPABILITIES.</summary>
public sealed class TdispGetCapabilities : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.GetCapabilities;

    /// <summary>TSM_CAPS; TDISP 1.0 defines none.</summary>
    public uint TsmCapabilities { get; set; }

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f) => TsmCapabilities = f.U32("TSM_CAPS", TsmCapabilities);
}
