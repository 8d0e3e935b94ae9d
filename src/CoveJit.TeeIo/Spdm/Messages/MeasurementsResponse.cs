using CoveJit.TeeIo.Spdm.Measurements;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Messages;

/// <summary>MEASUREMENTS: measurements, signed if that was asked for.</summary>
public sealed class MeasurementsResponse : SpdmMessage
{
    /// <inheritdoc/>
    public override SpdmCode Code => SpdmCode.Measurements;

    /// <summary>Param1: how many measurements there are, if that was asked.</summary>
    public byte TotalCount { get; set; }

    /// <summary>Param2, bits 3:0: SlotID of the signature.</summary>
    public byte Slot { get; set; }

    /// <summary>MeasurementRecord: the blocks.</summary>
    public IReadOnlyList<MeasurementBlock> Blocks { get; set; } = [];

    /// <summary>Nonce, 32 bytes.</summary>
    public byte[] Nonce { get; set; } = [];

    /// <summary>OpaqueData.</summary>
    public byte[] OpaqueData { get; set; } = [];

    /// <summary>Signature over L1, if it was asked for.</summary>
    public byte[] Signature { get; set; } = [];

    /// <inheritdoc/>
    protected override void Fields(FieldVisitor f)
    {
        TotalCount = f.U8("Param1: total number", TotalCount);
        Slot = (byte)(f.U8("Param2: SlotID", Slot) & 0xF);
        byte count = f.U8("NumberOfBlocks", checked((byte)Blocks.Count));
        int length = (int)f.U24("MeasurementRecordLength", (uint)Blocks.Sum(static b => b.Size));
        Blocks = f.List("block", Blocks, new FieldSize(count, "NumberOfBlocks"), MeasurementBlock.Visit);
        f.Check(Blocks.Sum(static b => b.Size) == length, "the blocks take MeasurementRecordLength");
        Nonce = f.Bytes("Nonce", Nonce, SpdmLimits.NonceSize);
        OpaqueData = f.Counted16("OpaqueData", OpaqueData, SpdmLimits.OpaqueDataSize);
        f.When(f.Context.SignatureRequested, "signature asked for", () => Signature = f.Bytes("Signature", Signature, f.SignatureSize));
    }
}
