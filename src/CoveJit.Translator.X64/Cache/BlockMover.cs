using CoveJit.Harts.Code;
using CoveJit.Translator.X64.Assembly;
using CoveJit.Translator.X64.Blocks;

namespace CoveJit.Translator.X64.Cache;

/// <summary>
/// Makes native code of a block into code that can be placed anywhere, and places it. All that such code says about where it is are displacements to
/// the fixed code, to its own block and to the blocks it goes to. Under <see cref="CodeCache.Sync"/>.
/// </summary>
internal sealed unsafe class BlockMover
{
    private readonly CodeCache _code;
    private readonly NativeRuntime _runtime;
    private readonly List<Relocation> _relocations = [];

    public BlockMover(CodeCache code, NativeRuntime runtime)
    {
        _code = code;
        _runtime = runtime;
    }

    /// <summary>The relocations found last.</summary>
    public ReadOnlySpan<Relocation> Relocations => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_relocations);

    /// <summary>Finds the relocations of code that was just emitted; false if it leads somewhere that cannot be found again.</summary>
    /// <param name="block">Its block.</param>
    /// <param name="start">The code.</param>
    /// <param name="end">Its end.</param>
    /// <param name="fixups">The displacements in it.</param>
    /// <param name="edges">The blocks in the same page that it goes to.</param>
    public bool TryDescribe(Block* block, byte* start, byte* end, List<Fixup> fixups, List<BlockEdge> edges)
    {
        _relocations.Clear();
        foreach (Fixup fixup in fixups)
        {
            if (fixup.Target >= (nint)start && fixup.Target < (nint)end)
            {
                continue; // moves with the code
            }

            if (Describe(block, fixup.At - (nint)start, fixup.Target, edges) is not Relocation relocation)
            {
                return false;
            }

            _relocations.Add(relocation);
        }

        return true;
    }

    /// <summary>Places stored code; null if it goes to a block that there is not here.</summary>
    /// <param name="record">What is stored.</param>
    /// <param name="block">The block it is for.</param>
    /// <param name="page">Physical address of the block's page.</param>
    /// <param name="place">Where to.</param>
    /// <returns>The end of the code.</returns>
    public byte* Place(BlockRecord* record, Block* block, ulong page, byte* place)
    {
        ReadOnlySpan<byte> code = BlockRecord.CodeOf(record);
        code.CopyTo(new Span<byte>(place, code.Length));
        foreach (Relocation relocation in BlockRecord.RelocationsOf(record))
        {
            byte* target = TargetOf(relocation, block, page);
            if (target == null || relocation.At > code.Length - sizeof(int))
            {
                return null;
            }

            byte* at = place + relocation.At;
            *(int*)at = (int)(target - (at + sizeof(int)));
        }

        return place + code.Length;
    }

    private Relocation? Describe(Block* block, nint at, nint target, List<BlockEdge> edges)
    {
        if (target >= (nint)_code.HostCode && target < (nint)_runtime.End)
        {
            return Relocation.Of(at, RelocationKind.Runtime, target - (nint)_code.HostCode);
        }

        if (target >= (nint)block && target < (nint)(Block.Instructions(block) + block->Count))
        {
            return Relocation.Of(at, RelocationKind.OwnBlock, target - (nint)block);
        }

        foreach (BlockEdge edge in edges)
        {
            if (target == (nint)(&((Block*)edge.Block)->Native))
            {
                return Relocation.Of(at, RelocationKind.OtherBlock, edge.Offset);
            }
        }

        return null;
    }

    private byte* TargetOf(Relocation relocation, Block* block, ulong page)
    {
        switch (relocation.Kind)
        {
            case RelocationKind.Runtime:
                return relocation.Value < _runtime.End - _code.HostCode ? _code.HostCode + relocation.Value : null;
            case RelocationKind.OwnBlock:
                return (byte*)block + relocation.Value;
            case RelocationKind.OtherBlock when relocation.Value < 0x1000:
                Block* other = _code.Find(page + (ulong)relocation.Value, out _);
                return other == null ? null : (byte*)&other->Native;
            default:
                return null;
        }
    }
}
