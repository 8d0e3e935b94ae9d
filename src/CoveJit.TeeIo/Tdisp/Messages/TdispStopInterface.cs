namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>STOP_INTERFACE_REQUEST: back to CONFIG_UNLOCKED.</summary>
public sealed class TdispStopInterface : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.StopInterface;
}
