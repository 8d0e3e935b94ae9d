namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>GET_TDISP_VERSION.</summary>
public sealed class TdispGetVersion : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.GetVersion;
}
