using CoveJit.Memory.Translation;

namespace CoveJit.Memory.Tests.Translation;

/// <summary>Page tables in a dictionary; entries never written read as zero. Entries may be made unreadable, unwritable, or change under the walker.</summary>
internal sealed class SparseTables
{
    public Dictionary<ulong, ulong> Entries { get; } = [];

    public HashSet<ulong> Unreadable { get; } = [];

    public HashSet<ulong> Unwritable { get; } = [];

    public int Reads { get; set; }

    public int Exchanges { get; set; }

    /// <summary>Called before each exchange with the entry's address: what another hart does at that moment.</summary>
    public Action<ulong>? BeforeExchange { get; set; }

    /// <summary>Builds the chain of pointers for an address and puts <paramref name="leaf"/> at <paramref name="level"/>. Returns the entry's address.</summary>
    public ulong Map(in TranslationStage stage, ulong address, int level, ulong leaf)
    {
        ulong table = stage.RootPage;
        for (int i = stage.Levels - 1; i > level; i--)
        {
            ulong next = stage.RootPage + 0x1000 + (ulong)i;
            Entries[EntryAddress(table, address, i)] = (next << 10) | PageTableEntry.Valid;
            table = next;
        }

        ulong at = EntryAddress(table, address, level);
        Entries[at] = leaf;
        return at;
    }

    public WalkStatus Walk(in TranslationStage stage, ulong address, AccessType access, out WalkResult result)
    {
        SparseMemory memory = new(this);
        return PageTableWalker.Walk(ref memory, stage, address, access, out result);
    }

    public static ulong EntryAddress(ulong tablePage, ulong address, int level) =>
        (tablePage << 12) + (((address >> (12 + (9 * level))) & 511) * 8);
}

/// <summary>The walker's view of <see cref="SparseTables"/>.</summary>
internal readonly struct SparseMemory(SparseTables tables) : IWalkMemory
{
    public WalkStatus ReadEntry(ulong address, out ulong entry)
    {
        tables.Reads++;
        entry = tables.Entries.GetValueOrDefault(address);
        return tables.Unreadable.Contains(address) ? WalkStatus.AccessFault : WalkStatus.Ok;
    }

    public WalkStatus CompareExchangeEntry(ulong address, ulong expected, ulong desired, out bool exchanged)
    {
        exchanged = false;
        if (tables.Unwritable.Contains(address))
        {
            return WalkStatus.AccessFault;
        }

        tables.Exchanges++;
        tables.BeforeExchange?.Invoke(address);
        if (tables.Entries.GetValueOrDefault(address) == expected)
        {
            tables.Entries[address] = desired;
            exchanged = true;
        }

        return WalkStatus.Ok;
    }
}
