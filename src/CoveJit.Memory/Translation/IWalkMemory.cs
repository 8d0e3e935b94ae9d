namespace CoveJit.Memory.Translation;

/// <summary>
/// Memory as a page-table walker sees it: physical memory behind PMP (and MPT) for a single stage; behind a second-stage walk for a VS-stage.
/// Implemented by structs so that the walker is specialised for each; they may be copied, and a copy is as good as the original.
/// </summary>
public interface IWalkMemory : IEntryMemory
{
    /// <summary>Atomically replaces an entry if it still equals <paramref name="expected"/>.</summary>
    /// <param name="address">Address of the entry.</param>
    /// <param name="expected">Value that was read.</param>
    /// <param name="desired">Value to write.</param>
    /// <param name="exchanged">False if the entry has changed meanwhile: the walk starts again.</param>
    WalkStatus CompareExchangeEntry(ulong address, ulong expected, ulong desired, out bool exchanged);
}
