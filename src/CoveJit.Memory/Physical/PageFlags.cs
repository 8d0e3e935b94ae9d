namespace CoveJit.Memory.Physical;

/// <summary>What is special about a page of guest RAM. A page with any flag never gets a write entry in a TLB: stores to it take the slow path.</summary>
[Flags]
public enum PageFlags : byte
{
    /// <summary>An ordinary page.</summary>
    None = 0,

    /// <summary>Decoded or translated code was made from the page: a store must discard it.</summary>
    Code = 1,

    /// <summary>Somebody watches stores to the page (HTIF's tohost, a debugger's watchpoint).</summary>
    Watched = 2,
}
