namespace CoveJit.Memory.Translation;

/// <summary>Fields of a page-table entry (Privileged, "Sv39", "Svnapot", "Svpbmt").</summary>
public static class PageTableEntry
{
    /// <summary>V: valid.</summary>
    public const ulong Valid = 1 << 0;

    /// <summary>R: readable.</summary>
    public const ulong Read = 1 << 1;

    /// <summary>W: writable.</summary>
    public const ulong Write = 1 << 2;

    /// <summary>X: executable.</summary>
    public const ulong Execute = 1 << 3;

    /// <summary>U: accessible in U-mode.</summary>
    public const ulong User = 1 << 4;

    /// <summary>G: global.</summary>
    public const ulong Global = 1 << 5;

    /// <summary>A: accessed.</summary>
    public const ulong Accessed = 1 << 6;

    /// <summary>D: dirty.</summary>
    public const ulong Dirty = 1 << 7;

    /// <summary>Bits 60 to 54, reserved.</summary>
    public const ulong Reserved = 0x7FUL << 54;

    /// <summary>PBMT: page-based memory type (Svpbmt).</summary>
    public const ulong MemoryType = 3UL << 61;

    /// <summary>N: naturally aligned power-of-two contiguity (Svnapot).</summary>
    public const ulong Napot = 1UL << 63;

    /// <summary>The physical page number of an entry.</summary>
    public static ulong PhysicalPage(ulong entry) => (entry >> 10) & ((1UL << 44) - 1);
}
