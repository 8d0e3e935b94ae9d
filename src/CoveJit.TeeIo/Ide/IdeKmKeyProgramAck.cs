using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Ide;

/// <summary>KP_ACK: whether the key is programmed.</summary>
public sealed class IdeKmKeyProgramAck : IdeKmKeyMessage
{
    /// <inheritdoc/>
    public override IdeKmCode Code => IdeKmCode.KeyProgramAck;

    /// <summary>Status.</summary>
    public IdeKeyStatus Status { get; set; }

    private protected override void VisitStatus(FieldVisitor f) => Status = (IdeKeyStatus)f.U8("Status", (byte)Status);
}
