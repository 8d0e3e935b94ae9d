namespace CoveJit.Translator.X64.Cache;

/// <summary>What a displacement of stored code leads to.</summary>
internal enum RelocationKind
{
    /// <summary>A place in the fixed code at the start of the memory for native code, by its distance from there.</summary>
    Runtime,

    /// <summary>A place in the decoded block, by its distance from the block.</summary>
    OwnBlock,

    /// <summary><see cref="Harts.Code.Block.Native"/> of the block at an offset in the same page.</summary>
    OtherBlock,
}

/// <summary>A displacement of stored code that has to be computed anew where the code is placed, in 32 bits.</summary>
/// <param name="Bits">Place in the code, kind and value, from the lowest bit on.</param>
internal readonly record struct Relocation(uint Bits)
{
    private const int PlaceBits = 16;
    private const int KindBits = 2;
    private const int ValueBits = 14;

    /// <summary>Where the displacement is, in bytes from the start of the code.</summary>
    public int At => (int)(Bits & ((1 << PlaceBits) - 1));

    /// <summary>What it leads to.</summary>
    public RelocationKind Kind => (RelocationKind)((Bits >> PlaceBits) & ((1 << KindBits) - 1));

    /// <summary>What of that.</summary>
    public int Value => (int)(Bits >> (PlaceBits + KindBits));

    /// <summary>Packs a relocation; null if it does not fit.</summary>
    public static Relocation? Of(long at, RelocationKind kind, long value) =>
        (ulong)at < 1UL << PlaceBits && (ulong)value < 1UL << ValueBits
            ? new Relocation((uint)at | ((uint)kind << PlaceBits) | ((uint)value << (PlaceBits + KindBits)))
            : null;
}
