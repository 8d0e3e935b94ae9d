using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>GET_MEASUREMENTS: asks for measurements.</summary>
public sealed class GetMeasurements : SpdmMessage
{
    /// <summary>MeasurementOperation: how many measurements there are.</summary>
    public const byte CountOnly = 0;

    /// <summary>MeasurementOperation: all measurements.</summary>
    public const byte All = 0xFF;

    private const byte SignatureBit = 1;
    private const byte RawBit = 2;

    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.GetMeasurements;

    /// <summary>Param1, bit 0: the response shall be signed.</summary>
    public bool SignatureRequested { get; set; }

    /// <summary>Param1, bit 1: raw bit streams rather than digests.</summary>
    public bool RawBitStreamRequested { get; set; }

    /// <summary>Param2, MeasurementOperation: <see cref="CountOnly"/>, an index, or <see cref="All"/>.</summary>
    public byte Operation { get; set; }

    /// <summary>Nonce, 32 bytes, if a signature is asked for.</summary>
    public byte[] Nonce { get; set; } = [];

    /// <summary>SlotIDParam, bits 3:0, if a signature is asked for: 0 to 7; 0xF is a provisioned public key.</summary>
    public byte Slot { get; set; }

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        byte attributes = f.U8("Param1: attributes", (byte)((SignatureRequested ? SignatureBit : 0) | (RawBitStreamRequested ? RawBit : 0)));
        SignatureRequested = (attributes & SignatureBit) != 0;
        RawBitStreamRequested = (attributes & RawBit) != 0;
        Operation = f.U8("Param2: MeasurementOperation", Operation);
        f.When(SignatureRequested, "signature asked for", () =>
        {
            Nonce = f.Bytes("Nonce", Nonce, SpdmLimits.NonceSize);
            Slot = (byte)(f.U8("SlotIDParam", Slot) & 0xF);
            f.Check(Slot is <= 7 or 0xF, "SlotIDParam is at most 7, or 0xF");
        });
    }
}
