using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CoveJit.Harts.Code;
using CoveJit.Isa;

namespace CoveJit.Translator.X64.Cache;

/// <summary>
/// A translated block as it is stored: the decoded instructions and the page offset it was made from, which are all that its code depends on, and
/// the code with its relocations. The record lies in one piece: this header, the instructions, the relocations, the code.
/// </summary>
/// <remarks>In a file the records of what lay in one page lie behind each other, and know it: they are placed together.</remarks>
[StructLayout(LayoutKind.Sequential, Size = HeaderSize)]
internal unsafe struct BlockRecord
{
    /// <summary>Bytes of the header. Records start at multiples of <see cref="Alignment"/>.</summary>
    public const int HeaderSize = 16;

    /// <summary>Where a record may start in a chunk.</summary>
    public const int Alignment = 8;

    private readonly uint _hash;
    private readonly ushort _offset;
    private readonly ushort _count;
    private readonly ushort _codeLength;
    private readonly ushort _relocationCount;
    private ushort _groupStart;
    private ushort _groupEnd;

    private BlockRecord(uint hash, int offset, int count, int codeLength, int relocationCount)
    {
        _hash = hash;
        _offset = (ushort)offset;
        _count = (ushort)count;
        _codeLength = (ushort)codeLength;
        _relocationCount = (ushort)relocationCount;
    }

    /// <summary><see cref="HashOf"/> what the block was made from.</summary>
    public readonly uint Hash => _hash;

    /// <summary>Bytes of the record, the next one's alignment included.</summary>
    public readonly int Size => SizeOf(_count, _codeLength, _relocationCount);

    /// <summary>Offset of the block in its page.</summary>
    public readonly int Offset => _offset;

    /// <summary>Where the records of the same page begin, in bytes from the start of the chunk.</summary>
    public readonly int GroupStart => _groupStart * Alignment;

    /// <summary>Where they end; the same place for a record that is in no chunk.</summary>
    public readonly int GroupEnd => _groupEnd * Alignment;

    /// <summary>
    /// A hash of what a block is made from and of what surrounds it, since the same block may lie in many pages. It only finds candidates: what they
    /// are made from is compared in full, what surrounded them does not matter then.
    /// </summary>
    /// <param name="offset">The block's offset in its page.</param>
    /// <param name="instructions">Its instructions.</param>
    /// <param name="page">The page's bytes.</param>
    public static uint HashOf(int offset, ReadOnlySpan<DecodedInstruction> instructions, ReadOnlySpan<byte> page)
    {
        const int Surroundings = 64;
        int start = Math.Clamp(offset - (Surroundings / 2), 0, page.Length - Surroundings);
        return Checksum.Of(MemoryMarshal.AsBytes(instructions), Checksum.Of(page.Slice(start, Surroundings), BitOperations.Crc32C((uint)instructions.Length, (uint)offset)));
    }

    /// <summary>Bytes that a record takes.</summary>
    public static int SizeOf(int count, int codeLength, int relocationCount) =>
        (HeaderSize + (count * sizeof(DecodedInstruction)) + (relocationCount * sizeof(Relocation)) + codeLength + Alignment - 1) & -Alignment;

    /// <summary>Writes a record. The caller has made sure that there is room for <see cref="SizeOf"/> bytes.</summary>
    public static void Write(byte* to, uint hash, int offset, ReadOnlySpan<DecodedInstruction> instructions, ReadOnlySpan<byte> code, ReadOnlySpan<Relocation> relocations)
    {
        int size = SizeOf(instructions.Length, code.Length, relocations.Length);
        new Span<byte>(to, size).Clear();
        *(BlockRecord*)to = new BlockRecord(hash, offset, instructions.Length, code.Length, relocations.Length);
        MemoryMarshal.AsBytes(instructions).CopyTo(new Span<byte>(to + HeaderSize, size - HeaderSize));
        BlockRecord* record = (BlockRecord*)to;
        MemoryMarshal.AsBytes(relocations).CopyTo(new Span<byte>((byte*)Relocations(record), relocations.Length * sizeof(Relocation)));
        code.CopyTo(new Span<byte>(Code(record), code.Length));
        foreach (Relocation relocation in relocations)
        {
            *(int*)(Code(record) + relocation.At) = 0; // then records say nothing about where the code lay
        }
    }

    /// <summary>The record at a place in memory, or null if what lies there is none that ends by <paramref name="end"/>.</summary>
    public static BlockRecord* At(byte* place, byte* end)
    {
        BlockRecord* record = (BlockRecord*)place;
        return end - place >= HeaderSize && record->Size <= end - place && record->_count is > 0 and <= Block.ChunkSize / 2 && record->_offset < 0x1000 ? record : null;
    }

    /// <summary>Makes a record one of those between two places of its chunk.</summary>
    public static void SetGroup(BlockRecord* record, int start, int end)
    {
        record->_groupStart = (ushort)(start / Alignment);
        record->_groupEnd = (ushort)(end / Alignment);
    }

    /// <summary>Whether a record was made from just this.</summary>
    public static bool IsOf(BlockRecord* record, int offset, ReadOnlySpan<DecodedInstruction> instructions) =>
        record->_offset == offset && MemoryMarshal.AsBytes(instructions).SequenceEqual(MemoryMarshal.AsBytes(InstructionsOf(record)));

    /// <summary>The instructions.</summary>
    public static ReadOnlySpan<DecodedInstruction> InstructionsOf(BlockRecord* record) => new((byte*)record + HeaderSize, record->_count);

    /// <summary>The code.</summary>
    public static ReadOnlySpan<byte> CodeOf(BlockRecord* record) => new(Code(record), record->_codeLength);

    /// <summary>The relocations.</summary>
    public static ReadOnlySpan<Relocation> RelocationsOf(BlockRecord* record) => new(Relocations(record), record->_relocationCount);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Relocation* Relocations(BlockRecord* record) => (Relocation*)((byte*)record + HeaderSize + (record->_count * sizeof(DecodedInstruction)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Code(BlockRecord* record) => (byte*)(Relocations(record) + record->_relocationCount);
}
