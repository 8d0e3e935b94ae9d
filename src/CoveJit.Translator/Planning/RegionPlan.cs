namespace CoveJit.Translator.Planning;

/// <summary>What a region is made of: a snapshot taken on the hart's thread, which the compiling thread then works from.</summary>
internal sealed class RegionPlan
{
    /// <summary>The blocks in the order they are emitted; the first is the entry.</summary>
    public required IReadOnlyList<RegionBlock> Blocks { get; init; }

    /// <summary>The pages they lie in; the first is the home page, which holds the entry.</summary>
    public required IReadOnlyList<RegionPage> Pages { get; init; }

    /// <summary>The blocks by offset.</summary>
    public required IReadOnlyDictionary<int, RegionBlock> ByOffset { get; init; }

    /// <summary>Decoded blocks outside the region that direct control transfers lead to, by offset: their entries are looked at when the transfer is made.</summary>
    public required IReadOnlyDictionary<int, nint> Links { get; init; }

    /// <summary>How often the code cache had been emptied.</summary>
    public required int Resets { get; init; }

    /// <summary>Virtual address of the home page when the region was planned.</summary>
    public required ulong HomePage { get; init; }

    /// <summary>
    /// Instructions that a stay in the region must have on average, or 0: behind native code, coming and going must be paid for.
    /// Floating point, which regions keep in registers, earns it much sooner.
    /// </summary>
    public required int BreakEven { get; init; }

    /// <summary>Number of guest instructions.</summary>
    public int InstructionCount => Blocks.Sum(block => block.Instructions.Length);

    /// <summary>The entry.</summary>
    public RegionBlock Entry => Blocks[0];

    /// <summary>The page at a virtual distance from the home page, if the region has code there.</summary>
    public RegionPage? PageAt(int offset) => Pages.FirstOrDefault(page => page.Offset == (offset & ~0xFFF));
}

/// <summary>A page a region has code in.</summary>
/// <param name="Offset">Virtual distance from the home page in bytes.</param>
/// <param name="Index">Index of the physical page in RAM.</param>
/// <param name="Table">Address of the page's block table at the time of the plan: another table means other code.</param>
internal sealed record RegionPage(int Offset, ulong Index, nint Table);
