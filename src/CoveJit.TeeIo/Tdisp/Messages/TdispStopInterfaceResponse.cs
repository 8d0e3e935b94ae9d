namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>STOP_INTERFACE_RESPONSE.</summary>
public sealed class TdispStopInterfaceResponse : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.StopInterfaceResponse;
}
