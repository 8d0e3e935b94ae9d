namespace CoveJit.Memory.Translation;

/// <summary>One entry of the software TLB: 16 bytes.</summary>
public struct TlbEntry
{
    /// <summary>A tag that no address matches.</summary>
    public const ulong Invalid = ~0UL;

    /// <summary>
    /// Virtual address of the page, or <see cref="Invalid"/>. The fast path compares it with <c>address &amp; (~0xFFF | size - 1)</c>:
    /// page, right and alignment in one compare.
    /// </summary>
    public ulong Tag;

    /// <summary>What to add to the virtual address to get the host address.</summary>
    public nint Addend;
}
