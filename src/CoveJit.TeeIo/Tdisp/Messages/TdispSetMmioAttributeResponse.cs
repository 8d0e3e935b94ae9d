namespace CoveJit.TeeIo.Tdisp.Messages;

/// <summary>SET_MMIO_ATTRIBUTE_RESPONSE.</summary>
public sealed class TdispSetMmioAttributeResponse : TdispMessage
{
    /// <inheritdoc/>
    public override TdispCode Code => TdispCode.SetMmioAttributeResponse;
}
