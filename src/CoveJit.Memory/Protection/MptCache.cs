namespace CoveJit.Memory.Protection;

/// <summary>
/// A hart's cache of look-ups in memory protection tables, for the many that page-table walks make. Only for what was permitted: a look-up that
/// refuses is never cached, so that making an entry valid needs no fence.
/// </summary>
public sealed class MptCache
{
    private const int Size = 256;
    private const ulong PageMask = ~0xFFFUL;

    private readonly Entry[] _entries = new Entry[Size];

    /// <summary>What is known to be permitted of the page that holds an address; none if nothing is known.</summary>
    public MptPermissions Find(ulong mmpt, ulong address)
    {
        ref readonly Entry entry = ref _entries[(address >> 12) % Size];
        return entry.Mmpt == mmpt && ((entry.Value ^ address) & PageMask) == 0 ? (MptPermissions)(entry.Value & ~PageMask) : MptPermissions.None;
    }

    /// <summary>Remembers what is permitted of a page, under the table that mmpt names.</summary>
    public void Add(ulong mmpt, ulong address, MptPermissions permissions) =>
        _entries[(address >> 12) % Size] = new Entry { Mmpt = mmpt, Value = (address & PageMask) | (ulong)permissions };

    /// <summary>Forgets everything.</summary>
    public void Clear() => Array.Clear(_entries);

    private struct Entry
    {
        public ulong Mmpt;
        public ulong Value;
    }
}
