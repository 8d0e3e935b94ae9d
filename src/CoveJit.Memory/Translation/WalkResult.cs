namespace CoveJit.Memory.Translation;

/// <summary>A leaf found by a walk.</summary>
public struct WalkResult
{
    /// <summary>The translated address.</summary>
    public ulong Address;

    /// <summary>log2 of the mapping's size: 12, 16 (Svnapot), 21, 30, 39 or 48.</summary>
    public int PageShift;

    /// <summary>The leaf entry, with A and D as they are after the walk.</summary>
    public ulong Entry;

    /// <summary>Number of entries read, for the statistics.</summary>
    public int EntriesRead;
}
