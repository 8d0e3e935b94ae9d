namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>START_INTERFACE_RESPONSE.</summary>
public sealed class TdispStartInterfaceResponse : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.StartInterfaceResponse;
}
