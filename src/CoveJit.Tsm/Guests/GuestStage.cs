using CoveJit.Memory.Physical;
using CoveJit.Memory.Translation;

namespace CoveJit.Tsm.Guests;

/// <summary>
/// The G-stage page table of a TVM (Privileged, "Guest Physical Address Translation"): real tables in confidential RAM that the host has given for
/// them and the emulated harts walk. For the holder of the TSM's lock; harts read entries at any time, so each is written whole.
/// </summary>
/// <param name="ram">RAM.</param>
/// <param name="root">Its root: 16 KiB, aligned to that, zero.</param>
/// <param name="levels">3 (Sv39x4), 4 (Sv48x4) or 5 (Sv57x4).</param>
internal sealed unsafe class GuestStage(GuestRam ram, ulong root, int levels)
{
    /// <summary>Bytes of a root table.</summary>
    public const ulong RootSize = 16UL << 10;

    private const int PageShift = 12;
    private const int IndexBits = 9;
    private const int EntriesInTable = 1 << IndexBits;

    // A and D are set from the start: nobody looks at them, and nothing has to be written back.
    private const ulong Confidential = PageTableEntry.Valid | PageTableEntry.Read | PageTableEntry.Write | PageTableEntry.Execute | PageTableEntry.User | PageTableEntry.Accessed | PageTableEntry.Dirty;

    // A TVM never executes what the host can write.
    private const ulong HostMemory = (Confidential & ~PageTableEntry.Execute) | SharedMark;
    private const ulong InterruptFile = (Confidential & ~PageTableEntry.Execute) | FileMark;

    private const ulong DeviceMemory = (Confidential & ~PageTableEntry.Execute) | DeviceMark | UncachedStronglyOrdered;

    private const ulong SharedMark = 1 << 8; // RSW: software's
    private const ulong FileMark = 1 << 9;
    private const ulong DeviceMark = SharedMark | FileMark;
    private const ulong UncachedStronglyOrdered = 2UL << 61; // Svpbmt: IO
    private const ulong FlagBits = 0x3FF | (3UL << 61); // what is neither address nor reserved
    private const ulong LeafBits = PageTableEntry.Read | PageTableEntry.Write | PageTableEntry.Execute;

    private readonly Stack<ulong> _pool = new();

    /// <summary>Called with the address of each page that becomes a table.</summary>
    public Action<ulong>? TableTaken { get; init; }

    /// <summary>Called with the address of each table that goes back to the pool.</summary>
    public Action<ulong>? TableReturned { get; init; }

    /// <summary>Levels of tables.</summary>
    public int Levels => levels;

    /// <summary>Width of guest physical addresses in bits.</summary>
    public int AddressBits => PageShift + (IndexBits * levels) + 2;

    /// <summary>The value of hgatp.</summary>
    public ulong Hgatp(uint vmid) => ((ulong)(levels + 5) << 60) | ((ulong)vmid << 44) | (root >> PageShift);

    /// <summary>The root's address.</summary>
    public ulong Root => root;

    /// <summary>Pages that may still become tables.</summary>
    public int FreeTables => _pool.Count;

    /// <summary>Those pages.</summary>
    public IEnumerable<ulong> Pool => _pool;

    /// <summary>Adds a page that may become a table.</summary>
    public void AddTable(ulong page) => _pool.Push(page);

    /// <summary>Looks up an address, which is within <see cref="AddressBits"/>.</summary>
    public GuestLeaf Find(ulong guest)
    {
        ulong* entry = Locate(guest, 0, out int level);
        return Describe(guest, *entry, level);
    }

    /// <summary>Calls for each mapping in a range, present or blocked, in order, until it is told not to go on.</summary>
    /// <returns>Whether it went on to the end.</returns>
    public bool ForEach(ulong start, ulong length, Func<GuestLeaf, bool> visit)
    {
        for (ulong at = start; at - start < length;)
        {
            GuestLeaf leaf = Find(at);
            if (leaf.State != LeafState.Absent && !visit(leaf))
            {
                return false;
            }

            at = leaf.GuestAddress + leaf.Size;
            if (at == 0)
            {
                break;
            }
        }

        return true;
    }

    /// <summary>Maps pages that follow each other in both address spaces.</summary>
    /// <param name="guest">Guest physical address, aligned to the size of a page.</param>
    /// <param name="address">Supervisor physical address, likewise.</param>
    /// <param name="level">The size of a page: 0 for 4 KiB, 1 for 2 MiB, 2 for 1 GiB.</param>
    /// <param name="count">Number of pages.</param>
    /// <param name="kind">What they are.</param>
    /// <param name="present">Whether the mappings are present; blocked otherwise.</param>
    /// <returns>What is in the way; then nothing has changed.</returns>
    public MapError Map(ulong guest, ulong address, int level, ulong count, LeafKind kind, bool present = true)
    {
        ulong size = 1UL << (PageShift + (IndexBits * level));
        if (CountTables(guest, level, count) is not int needed)
        {
            return MapError.Occupied;
        }

        if (needed > _pool.Count)
        {
            return MapError.TooFewTables;
        }

        for (ulong i = 0; i < count; i++)
        {
            ulong* entry = Locate(guest + (i * size), level, out int found);
            for (; found > level; found--)
            {
                entry = Extend(entry, guest + (i * size), found);
            }

            if (*entry != 0)
            {
                ReturnTable(entry); // an empty one
            }

            Volatile.Write(ref *entry, (ToEntry(address + (i * size)) | FlagsOf(kind)) & ~(present ? 0 : PageTableEntry.Valid));
        }

        return MapError.None;
    }

    /// <summary>
    /// Maps with smaller pages what a larger page maps, which is present. It stays mapped all the time, and to the same, so that translations that harts have
    /// remain right.
    /// </summary>
    /// <returns>False if there is no page for the table.</returns>
    public bool TrySplit(in GuestLeaf leaf)
    {
        if (!_pool.TryPop(out ulong table))
        {
            return false;
        }

        ulong* entry = Locate(leaf.GuestAddress, leaf.Level, out _);
        ulong flags = *entry & FlagBits;
        for (ulong i = 0; i < EntriesInTable; i++)
        {
            Entries(table)[i] = ToEntry(leaf.Address + (i << Shift(leaf.Level - 1))) | flags;
        }

        TableTaken?.Invoke(table);
        Volatile.Write(ref *entry, ToEntry(table) | PageTableEntry.Valid);
        return true;
    }

    /// <summary>Makes a mapping present or blocked; the harts' translations are the caller's to fence.</summary>
    public void SetPresent(in GuestLeaf leaf, bool present)
    {
        ulong* entry = Locate(leaf.GuestAddress, leaf.Level, out _);
        Volatile.Write(ref *entry, present ? *entry | PageTableEntry.Valid : *entry & ~PageTableEntry.Valid);
    }

    /// <summary>Removes a mapping.</summary>
    public void Remove(in GuestLeaf leaf) => Volatile.Write(ref *Locate(leaf.GuestAddress, leaf.Level, out _), 0);

    /// <summary>Calls for each table below the root.</summary>
    public void ForEachTable(Action<ulong> visit) => VisitTables(root, levels - 1, visit);

    private static ulong ToEntry(ulong address) => address >> PageShift << 10;

    private static ulong FlagsOf(LeafKind kind) => kind switch
    {
        LeafKind.Shared => HostMemory,
        LeafKind.InterruptFile => InterruptFile,
        LeafKind.Device => DeviceMemory,
        _ => Confidential,
    };

    private static LeafKind KindOf(ulong entry) =>
        (entry & DeviceMark) switch
        {
            DeviceMark => LeafKind.Device,
            SharedMark => LeafKind.Shared,
            FileMark => LeafKind.InterruptFile,
            _ => LeafKind.Confidential,
        };

    private static bool IsPointer(ulong entry) => (entry & PageTableEntry.Valid) != 0 && (entry & LeafBits) == 0;

    private static ulong AddressOf(ulong entry) => PageTableEntry.PhysicalPage(entry) << PageShift;

    private static int Shift(int level) => PageShift + (IndexBits * level);

    private static GuestLeaf Describe(ulong guest, ulong entry, int level)
    {
        ulong start = guest & ~((1UL << Shift(level)) - 1);
        return entry == 0
            ? new GuestLeaf(LeafState.Absent, 0, start, level, LeafKind.Confidential)
            : new GuestLeaf((entry & PageTableEntry.Valid) != 0 ? LeafState.Present : LeafState.Blocked, AddressOf(entry), start, level, KindOf(entry));
    }

    private ulong* Entries(ulong table) => (ulong*)ram.HostAddress(table);

    // The entry that decides about an address: a leaf, an empty one, or one of the level at which the search is to stop.
    private ulong* Locate(ulong guest, int stop, out int level)
    {
        ulong table = root;
        level = levels - 1;
        while (true)
        {
            ulong index = guest >> Shift(level);
            ulong* entry = Entries(table) + (level == levels - 1 ? index : index & (EntriesInTable - 1));
            if (level == stop || !IsPointer(*entry))
            {
                return entry;
            }

            table = AddressOf(*entry);
            level--;
        }
    }

    // How many tables are missing for mappings; null if something is mapped there.
    private int? CountTables(ulong guest, int level, ulong count)
    {
        int needed = 0;
        ulong size = 1UL << Shift(level);
        for (ulong i = 0; i < count; i++)
        {
            ulong at = guest + (i * size);
            ulong* entry = Locate(at, level, out int found);
            if (found == level ? *entry != 0 && !PointsToEmptyTable(*entry, level) : *entry != 0)
            {
                return null;
            }

            // Of the tables on the way down, those that the page before is not under.
            for (int l = level + 1; l <= found; l++)
            {
                needed += i == 0 || (at - size) >> Shift(l) != at >> Shift(l) ? 1 : 0;
            }
        }

        return needed;
    }

    private ulong* Extend(ulong* entry, ulong guest, int level)
    {
        ulong table = _pool.Pop();
        new Span<byte>(ram.HostAddress(table), 1 << PageShift).Clear();
        TableTaken?.Invoke(table);
        Volatile.Write(ref *entry, ToEntry(table) | PageTableEntry.Valid);
        return Entries(table) + ((guest >> Shift(level - 1)) & (EntriesInTable - 1));
    }

    private void ReturnTable(ulong* entry)
    {
        ulong table = AddressOf(*entry);
        Volatile.Write(ref *entry, 0);
        TableReturned?.Invoke(table);
        _pool.Push(table);
    }

    private bool PointsToEmptyTable(ulong entry, int level) => level > 0 && IsPointer(entry) && IsEmpty(AddressOf(entry));

    private bool IsEmpty(ulong table) => !new ReadOnlySpan<ulong>(Entries(table), EntriesInTable).ContainsAnyExcept(0UL);

    private void VisitTables(ulong table, int level, Action<ulong> visit)
    {
        int entries = level == levels - 1 ? EntriesInTable * 4 : EntriesInTable;
        for (int i = 0; i < entries; i++)
        {
            if (IsPointer(Entries(table)[i]))
            {
                ulong next = AddressOf(Entries(table)[i]);
                visit(next);
                VisitTables(next, level - 1, visit);
            }
        }
    }
}

/// <summary>Why pages cannot be mapped.</summary>
internal enum MapError
{
    /// <summary>They are mapped.</summary>
    None,

    /// <summary>Something is mapped there already.</summary>
    Occupied,

    /// <summary>The pool of page-table pages has too few.</summary>
    TooFewTables,
}
