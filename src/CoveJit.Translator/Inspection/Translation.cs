using CoveJit.Isa;

namespace CoveJit.Translator.Inspection;

/// <summary>Host code that was made from guest code.</summary>
/// <param name="IsRegion">Whether it is a region, compiled from IL; otherwise native code of a single block.</param>
/// <param name="Blocks">The guest code; the first block is the entry.</param>
/// <param name="Code">Host address of the code.</param>
/// <param name="Length">Bytes of code; 0 where only the runtime's compiler knows.</param>
/// <param name="Marks">For native code: where in it each instruction's code begins, in ascending order. Behind the last is what is out of the way.</param>
/// <param name="Il">For a region: its IL, if that was wanted.</param>
public sealed record Translation(
    bool IsRegion,
    IReadOnlyList<TranslatedBlock> Blocks,
    nint Code,
    int Length,
    IReadOnlyList<HostMark> Marks,
    IReadOnlyList<IlLine> Il)
{
    /// <summary>Virtual address of the entry, in the address space that was active.</summary>
    public ulong Pc => Blocks[0].Pc;
}

/// <summary>Guest code of one block.</summary>
/// <param name="Pc">Virtual address.</param>
/// <param name="Instructions">Its instructions, as decoded for the block.</param>
/// <param name="Counter">Address of the counter of its runs, or 0.</param>
public sealed record TranslatedBlock(ulong Pc, IReadOnlyList<DecodedInstruction> Instructions, nint Counter);

/// <summary>The place in host code where a guest instruction's code begins.</summary>
/// <param name="Pc">Virtual address of the instruction; null for code out of the way, which belongs to all.</param>
/// <param name="Offset">Offset in the host code.</param>
public readonly record struct HostMark(ulong? Pc, int Offset);

/// <summary>A line of IL.</summary>
/// <param name="Pc">Virtual address of the instruction it belongs to; null for entry, exits and code out of the way.</param>
/// <param name="Text">The line.</param>
public readonly record struct IlLine(ulong? Pc, string Text);
