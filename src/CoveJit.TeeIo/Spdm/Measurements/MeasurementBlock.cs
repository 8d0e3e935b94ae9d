using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Measurements;

/// <summary>A measurement block as it lies in MEASUREMENTS.</summary>
/// <param name="Index">1 to 0xFE.</param>
/// <param name="Type">What was measured.</param>
/// <param name="IsRaw">Whether the value is a raw bit stream rather than a digest.</param>
/// <param name="Value">DMTFSpecMeasurementValue.</param>
public readonly record struct MeasurementBlock(byte Index, MeasurementType Type, bool IsRaw, byte[] Value)
{
    private const byte DmtfSpecification = 1;
    private const byte RawBit = 0x80;
    private const int CommonHeaderSize = 4;
    private const int DmtfHeaderSize = 3;

    /// <summary>The size of the block, headers included, in bytes.</summary>
    public int Size => CommonHeaderSize + DmtfHeaderSize + (Value?.Length ?? 0);

    /// <summary>The bytes of the block.</summary>
    public byte[] Encode()
    {
        MessageWriter writer = new(default);
        Visit(writer, this);
        return writer.Finish();
    }

    /// <summary>MeasurementSummaryHash: the digest of the blocks, one after another (DSP0274, "Measurement summary hash").</summary>
    /// <param name="algorithms">The connection's algorithms.</param>
    /// <param name="blocks">The blocks as MEASUREMENTS has them without raw bit streams asked for.</param>
    public static byte[] Summarize(SpdmAlgorithms algorithms, IEnumerable<MeasurementBlock> blocks)
    {
        ArgumentNullException.ThrowIfNull(algorithms);
        return algorithms.Hash([.. blocks.SelectMany(static b => b.Encode())]);
    }

    internal static MeasurementBlock Visit(FieldVisitor f, MeasurementBlock block)
    {
        byte[] value = block.Value ?? [];
        byte index = f.U8("Index", block.Index);
        f.Check(index is >= 1 and <= 0xFE, "Index is 1 to 0xFE");
        f.Check(f.U8("MeasurementSpecification", DmtfSpecification) == DmtfSpecification, "MeasurementSpecification is 1, DMTF's");
        int size = f.U16("MeasurementSize", checked((ushort)(DmtfHeaderSize + value.Length)));
        byte type = f.U8("DMTFSpecMeasurementValueType", (byte)((byte)block.Type | (block.IsRaw ? RawBit : 0)));
        int length = f.U16("DMTFSpecMeasurementValueSize", (ushort)value.Length);
        f.Check(size == DmtfHeaderSize + length, "MeasurementSize is DMTFSpecMeasurementValueSize and 3");
        value = f.Bytes("DMTFSpecMeasurementValue", value, new FieldSize(length, "DMTFSpecMeasurementValueSize"));
        return new MeasurementBlock(index, (MeasurementType)(type & ~RawBit), (type & RawBit) != 0, value);
    }
}
