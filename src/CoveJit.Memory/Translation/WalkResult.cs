namespace CoveJit.Memory.Translation;

/// <summary>A leaf found by a walk; of a two-stage walk that ended in a guest-page fault, what faulted.</summary>
public struct WalkResult
{
    /// <summary>The translated address.</summary>
    public ulong Address;

    /// <summary>log2 of the mapping's size: 12, 16 (Svnapot), 21, 30, 39 or 48. Of a two-stage walk the size of the first stage's.</summary>
    public int PageShift;

    /// <summary>The leaf entry, with A and D as they are after the walk.</summary>
    public ulong Entry;

    /// <summary>Number of entries read, for the statistics.</summary>
    public int EntriesRead;

    /// <summary>
    /// Of a two-stage walk: the guest physical address of the access, or, if <see cref="ImplicitAccess"/> is set, of the first stage's table entry
    /// that could not be accessed.
    /// </summary>
    public ulong GuestAddress;

    /// <summary>The implicit access of the first stage's walk that caused a guest-page fault; null if it was the access itself.</summary>
    public AccessType? ImplicitAccess;
}
