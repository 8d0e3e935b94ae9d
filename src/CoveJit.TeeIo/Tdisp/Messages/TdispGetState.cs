namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>GET_DEVICE_INTERFACE_STATE.</summary>
public sealed class TdispGetState : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.GetDeviceInterfaceState;
}
