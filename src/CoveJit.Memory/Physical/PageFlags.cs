namespace CoveJit.Memory.Physical;

/// <summary>What is special about a page of guest RAM. </summary>
[Flags]
public enum PageFlags : byte
{
    /// <summary>An ordinary page.</summary>
    None = 0,

    /// <summary>Decoded or translated code was made from the page: a store must discard it.</summary>
    Code = 1,

    /// <summary>Somebody watches stores to the page (HTIF's tohost, a debugger's watchpoint).</summary>
    Watched = 2,

    /// <summary>Some TLB may hold a write entry for the page, to be dropped when one of the other flags is set.</summary>
    HasWriteEntry = 4,

    /// <summary>The flags that keep write entries out of the TLBs: stores to such a page take the slow path and are reported.</summary>
    SlowStores = Code | Watched,
}
