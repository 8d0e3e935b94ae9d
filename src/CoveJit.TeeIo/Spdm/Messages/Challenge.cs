using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>CHALLENGE: asks the responder to prove that it has the key of a slot's certificate.</summary>
public sealed class Challenge : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.Challenge;

    /// <summary>Param1, SlotID: 0 to 7; 0xFF is a provisioned public key.</summary>
    public byte Slot { get; set; }

    /// <summary>Param2: which measurement summary hash is asked for.</summary>
    public MeasurementSummary Summary { get; set; }

    /// <summary>Nonce, 32 bytes.</summary>
    public byte[] Nonce { get; set; } = [];

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        Slot = f.U8("Param1: SlotID", Slot);
        f.Check(Slot is <= 7 or 0xFF, "SlotID is at most 7, or 0xFF");
        Summary = (MeasurementSummary)f.U8("Param2: MeasurementSummaryHashType", (byte)Summary);
        f.Check(Enum.IsDefined(Summary), "MeasurementSummaryHashType is 0, 1 or 0xFF");
        Nonce = f.Bytes("Nonce", Nonce, SpdmLimits.NonceSize);
    }
}
