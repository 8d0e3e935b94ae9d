using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CoveJit.Isa;

namespace CoveJit.Translator.X64.Cache;

/// <summary>
/// A translated block as it is stored: the decoded instructions and the page offset it was made from, which are all that its code depends on, and
/// the code with its relocations. The record lies in one piece: this header, the instructions, the relocations, the code.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = HeaderSize)]
internal readonly unsafe struct BlockRecord
{
    /// <summary>Bytes of the header. Records start at multiples of <see cref="Alignment"/>.</summary>
    public const int HeaderSize = 16;

    /// <summary>Where a record may start in a chunk.</summary>
    public const int Alignment = 8;

    private readonly uint _hash;
    private readonly uint _size;
    private readonly ushort _offset;
    private readonly ushort _count;
    private readonly ushort _codeLength;
    private readonly ushort _relocationCount;

    private BlockRecord(uint hash, uint size, int offset, int count, int codeLength, int relocationCount)
    {
        _hash = hash;
        _size = size;
        _offset = (ushort)offset;
        _count = (ushort)count;
        _codeLength = (ushort)codeLength;
        _relocationCount = (ushort)relocationCount;
    }

    /// <summary><see cref="HashOf"/> what the block was made from.</summary>
    public uint Hash => _hash;

    /// <summary>Bytes of the record, the next one's alignment included.</summary>
    public int Size => (int)_size;

    /// <summary>Offset of the block in its page.</summary>
    public int Offset => _offset;

    /// <summary>A hash of what a block is made from. It only finds candidates: those are compared in full.</summary>
    public static uint HashOf(int offset, ReadOnlySpan<DecodedInstruction> instructions) =>
        Checksum.Of(MemoryMarshal.AsBytes(instructions), BitOperations.Crc32C((uint)instructions.Length, (uint)offset));

    /// <summary>Bytes that a record takes.</summary>
    public static int SizeOf(int count, int codeLength, int relocationCount) =>
        (HeaderSize + (count * sizeof(DecodedInstruction)) + (relocationCount * sizeof(Relocation)) + codeLength + Alignment - 1) & -Alignment;

    /// <summary>Writes a record. The caller has made sure that there is room for <see cref="SizeOf"/> bytes.</summary>
    public static void Write(byte* to, uint hash, int offset, ReadOnlySpan<DecodedInstruction> instructions, ReadOnlySpan<byte> code, ReadOnlySpan<Relocation> relocations)
    {
        int size = SizeOf(instructions.Length, code.Length, relocations.Length);
        new Span<byte>(to, size).Clear();
        *(BlockRecord*)to = new BlockRecord(hash, (uint)size, offset, instructions.Length, code.Length, relocations.Length);
        MemoryMarshal.AsBytes(instructions).CopyTo(new Span<byte>(to + HeaderSize, size - HeaderSize));
        BlockRecord* record = (BlockRecord*)to;
        MemoryMarshal.AsBytes(relocations).CopyTo(new Span<byte>((byte*)Relocations(record), relocations.Length * sizeof(Relocation)));
        code.CopyTo(new Span<byte>(Code(record), code.Length));
    }

    /// <summary>The record at a place in memory, or null if what lies there is none that ends by <paramref name="end"/>.</summary>
    public static BlockRecord* At(byte* place, byte* end)
    {
        BlockRecord* record = (BlockRecord*)place;
        return end - place >= HeaderSize && record->_size <= end - place && record->_size == SizeOf(record->_count, record->_codeLength, record->_relocationCount)
            ? record
            : null;
    }

    /// <summary>Whether a record was made from just this.</summary>
    public static bool IsOf(BlockRecord* record, int offset, ReadOnlySpan<DecodedInstruction> instructions) =>
        record->_offset == offset && record->_count == instructions.Length
        && MemoryMarshal.AsBytes(instructions).SequenceEqual(new ReadOnlySpan<byte>((byte*)record + HeaderSize, instructions.Length * sizeof(DecodedInstruction)));

    /// <summary>The code.</summary>
    public static ReadOnlySpan<byte> CodeOf(BlockRecord* record) => new(Code(record), record->_codeLength);

    /// <summary>The relocations.</summary>
    public static ReadOnlySpan<Relocation> RelocationsOf(BlockRecord* record) => new(Relocations(record), record->_relocationCount);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Relocation* Relocations(BlockRecord* record) => (Relocation*)((byte*)record + HeaderSize + (record->_count * sizeof(DecodedInstruction)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Code(BlockRecord* record) => (byte*)(Relocations(record) + record->_relocationCount);
}
