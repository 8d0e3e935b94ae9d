namespace CoveJit.TeeIo.Ide;

/// <summary>K_GOSTOP_ACK: answers K_SET_GO and K_SET_STOP.</summary>
public sealed class IdeKmKeyGoStopAck : IdeKmKeyMessage
{
    /// <inheritdoc/>
    public override IdeKmCode Code => IdeKmCode.KeyGoStopAck;
}
