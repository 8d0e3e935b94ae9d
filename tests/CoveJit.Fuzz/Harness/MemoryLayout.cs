namespace CoveJit.Fuzz.Harness;

/// <summary>
/// Where a generated program keeps what. All addresses are physical and identity mapped in paged segments.
/// <code>
/// 0x8000_0000  harness code            (supervisor page)
/// 0x8001_0000  context and state block (supervisor page, tp)
/// 0x8001_2000  trap log
/// 0x8020_0000  data window             (gp points into its middle)
/// 0x8040_0000  code of the segments    (4 MiB)
/// 0x8100_0000  segment descriptors
/// 0x8200_0000  page tables
/// 0x8300_0000  page pool: what the random mappings point at
/// </code>
/// </summary>
public static class MemoryLayout
{
    public const ulong Harness = 0x8000_0000;
    public const ulong Context = 0x8001_0000;
    public const ulong TrapLog = 0x8001_2000;
    public const ulong DataPage = 0x8020_0000;

    /// <summary>gp: the middle of the window, on a page boundary so that accesses cross pages.</summary>
    public const ulong DataWindow = 0x8020_1000;
    public const int DataWindowHalf = 512;
    public const ulong Code = 0x8040_0000;
    public const ulong CodeEnd = 0x8080_0000;
    public const ulong Descriptors = 0x8100_0000;
    public const ulong PageTables = 0x8200_0000;
    public const ulong PagePool = 0x8300_0000;
    public const int PagePoolPages = 16;

    /// <summary>Offset of the state block from <see cref="Context"/>.</summary>
    public const int StateOffset = 0x400;
}
