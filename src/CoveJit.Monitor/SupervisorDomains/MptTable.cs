using CoveJit.Memory.Protection;

namespace CoveJit.Monitor.SupervisorDomains;

/// <summary>
/// Writes the memory protection table of one supervisor domain (Smmpt43). Each entry is replaced by one store, and a new table is complete before
/// something points to it, so harts may be looking things up meanwhile: of what does not change they see nothing. With the largest leaves the form is
/// canonical: equal permissions make equal tables. Not thread-safe: for <see cref="RootDomainManager"/>.
/// </summary>
internal sealed class MptTable
{
    private const int Entries = 512;
    private const int TopLevel = 2;
    private const int RangeBits = 16;
    private const int IndexBits = 9;

    // What a whole table collapses into: each tuple of the entry above stands for one NAPOT group of the table.
    private const int Groups = Entries / MptEntry.NapotEntries;

    private readonly MptMemory _memory;
    private readonly MptLeaves _leaves;
    private readonly List<ulong> _retired = [];

    /// <summary>Makes an empty table: nothing is permitted.</summary>
    public MptTable(MptMemory memory, MptLeaves leaves)
    {
        _memory = memory;
        _leaves = leaves;
        Root = memory.Allocate();
    }

    /// <summary>Address of the root.</summary>
    public ulong Root { get; }

    /// <summary>Tables that it consists of.</summary>
    public int Tables { get; private set; } = 1;

    /// <summary>Most pages that a change of a range may take: at each end it may split an entry of every level but the last.</summary>
    public int PagesFor(ulong size) =>
        (2 * TopLevel) + (_leaves == MptLeaves.Largest ? 0 : (int)((size >> (RangeBits + IndexBits)) + (size >> (RangeBits + (2 * IndexBits)))));

    /// <summary>Sets what is permitted of a range of whole pages. <see cref="PagesFor"/> pages must be free.</summary>
    public void Set(ulong start, ulong size, MptPermissions permissions) => Set(start, size, permissions, _leaves);

    /// <summary>As above, with leaves for this range other than the table's.</summary>
    public void Set(ulong start, ulong size, MptPermissions permissions, MptLeaves leaves)
    {
        if (size != 0)
        {
            Set(Root, TopLevel, 0, start, start + size - 1, permissions, leaves == MptLeaves.Largest);
        }
    }

    /// <summary>Gives back the tables that changes have left out of use: no hart reads them any more, since the domain's epoch has changed.</summary>
    public void FreeRetired()
    {
        foreach (ulong table in _retired)
        {
            _memory.Free(table);
        }

        _retired.Clear();
    }

    /// <summary>Gives everything back; no hart is in the domain, or will be.</summary>
    public void FreeAll()
    {
        FreeRetired();
        FreeTable(Root, TopLevel);
    }

    /// <summary>What is permitted, in runs of ascending addresses that together are the whole of the address space: read entry by entry, not address by address.</summary>
    public IEnumerable<(ulong Start, ulong Size, MptPermissions Permissions)> Runs() => Runs(Root, TopLevel, 0);

    private static ulong Span(int level) => 1UL << (RangeBits + (IndexBits * level));

    // What a leaf, or no entry, permits by tuples: as a plain leaf.
    private static ulong Plain(ulong entry) =>
        (entry & MptEntry.Valid) == 0 ? MptEntry.Uniform(MptPermissions.None)
        : MptEntry.IsNapot(entry) ? MptEntry.Uniform(MptEntry.Tuple(entry, 0))
        : entry;

    // A leaf that permits nothing is not valid.
    private static ulong Canonical(ulong leaf) => leaf == MptEntry.Uniform(MptPermissions.None) ? 0 : leaf;

    private void Set(ulong table, int level, ulong tableBase, ulong first, ulong last, MptPermissions permissions, bool largest)
    {
        ulong span = Span(level);
        int from = (int)((first - tableBase) / span);
        int to = (int)((last - tableBase) / span);
        Dissolve(table, from, to);
        for (int i = from; i <= to; i++)
        {
            ulong start = tableBase + ((ulong)i * span);
            SetEntry(table, i, level, start, Math.Max(first, start), Math.Min(last, start + span - 1), permissions, largest);
        }

        if (largest)
        {
            Form(table, from, to);
        }
    }

    private void SetEntry(ulong table, int index, int level, ulong start, ulong first, ulong last, MptPermissions permissions, bool largest)
    {
        ulong span = Span(level);
        ulong page = span / MptEntry.Tuples;
        ulong entry = _memory.Read(table, index);
        bool leafAllowed = largest || level == 0;
        if (leafAllowed && first == start && last == start + span - 1)
        {
            _memory.Write(table, index, Canonical(MptEntry.Uniform(permissions)));
            Retire(entry, level);
            return;
        }

        if (leafAllowed && !MptEntry.IsPointer(entry) && ((first | (last + 1)) & (page - 1)) == 0)
        {
            ulong leaf = Plain(entry);
            for (int i = (int)((first - start) / page); i <= (int)((last - start) / page); i++)
            {
                leaf = MptEntry.WithTuple(leaf, i, permissions);
            }

            _memory.Write(table, index, Canonical(leaf));
            return;
        }

        ulong child = MptEntry.IsPointer(entry) ? MptEntry.Page(entry) << 12 : Split(table, index, entry, largest);
        Set(child, level - 1, start, first, last, permissions, largest);
        if (largest && Collapsed(child) is ulong collapsed)
        {
            _memory.Write(table, index, Canonical(collapsed));
            Retire(MptEntry.PointerTo(child), level);
        }
    }

    // Puts a table that permits the same in the place of a leaf.
    private ulong Split(ulong table, int index, ulong entry, bool largest)
    {
        ulong child = _memory.Allocate();
        Tables++;
        ulong leaf = Plain(entry);
        for (int i = 0; i < Entries; i++)
        {
            MptPermissions permissions = MptEntry.Tuple(leaf, i / MptEntry.NapotEntries);
            ulong same = largest ? MptEntry.NapotOf(permissions) : MptEntry.Uniform(permissions);
            _memory.Write(child, i, permissions == MptPermissions.None ? 0 : same);
        }

        _memory.Write(table, index, MptEntry.PointerTo(child));
        return child;
    }

    // The leaf that permits what a table does, if there is one.
    private ulong? Collapsed(ulong table)
    {
        ulong leaf = MptEntry.Uniform(MptPermissions.None);
        for (int group = 0; group < Groups; group++)
        {
            ulong entry = _memory.Read(table, group * MptEntry.NapotEntries);
            if (MptEntry.IsNapot(entry))
            {
                leaf = MptEntry.WithTuple(leaf, group, MptEntry.Tuple(entry, 0));
            }
            else if (!IsGroupOf(table, group, 0))
            {
                return null;
            }
        }

        return leaf;
    }

    // Makes plain leaves of the NAPOT groups that entries are to be changed in.
    private void Dissolve(ulong table, int from, int to)
    {
        for (int group = from / MptEntry.NapotEntries; group <= to / MptEntry.NapotEntries; group++)
        {
            ulong entry = _memory.Read(table, group * MptEntry.NapotEntries);
            if (MptEntry.IsNapot(entry))
            {
                WriteGroup(table, group, Plain(entry));
            }
        }
    }

    // And NAPOT groups of what has become equal.
    private void Form(ulong table, int from, int to)
    {
        for (int group = from / MptEntry.NapotEntries; group <= to / MptEntry.NapotEntries; group++)
        {
            ulong entry = _memory.Read(table, group * MptEntry.NapotEntries);
            MptPermissions permissions = MptEntry.Tuple(entry, 0);
            if (entry == MptEntry.Uniform(permissions) && IsGroupOf(table, group, entry))
            {
                WriteGroup(table, group, MptEntry.NapotOf(permissions));
            }
        }
    }

    private bool IsGroupOf(ulong table, int group, ulong entry)
    {
        for (int i = 0; i < MptEntry.NapotEntries; i++)
        {
            if (_memory.Read(table, (group * MptEntry.NapotEntries) + i) != entry)
            {
                return false;
            }
        }

        return true;
    }

    private void WriteGroup(ulong table, int group, ulong entry)
    {
        for (int i = 0; i < MptEntry.NapotEntries; i++)
        {
            _memory.Write(table, (group * MptEntry.NapotEntries) + i, entry);
        }
    }

    // The tables behind an entry that has been replaced: harts may still be reading them.
    private void Retire(ulong entry, int level)
    {
        if (!MptEntry.IsPointer(entry))
        {
            return;
        }

        ulong table = MptEntry.Page(entry) << 12;
        for (int i = 0; level > 1 && i < Entries; i++)
        {
            Retire(_memory.Read(table, i), level - 1);
        }

        _retired.Add(table);
        Tables--;
    }

    private void FreeTable(ulong table, int level)
    {
        for (int i = 0; level > 0 && i < Entries; i++)
        {
            ulong entry = _memory.Read(table, i);
            if (MptEntry.IsPointer(entry))
            {
                FreeTable(MptEntry.Page(entry) << 12, level - 1);
            }
        }

        _memory.Free(table);
    }

    private IEnumerable<(ulong Start, ulong Size, MptPermissions Permissions)> Runs(ulong table, int level, ulong tableBase)
    {
        ulong span = Span(level);
        for (int i = 0; i < Entries; i++)
        {
            ulong start = tableBase + ((ulong)i * span);
            ulong entry = _memory.Read(table, i);
            if (MptEntry.IsPointer(entry))
            {
                foreach ((ulong, ulong, MptPermissions) run in Runs(MptEntry.Page(entry) << 12, level - 1, start))
                {
                    yield return run;
                }

                continue;
            }

            ulong leaf = Plain(entry);
            if (leaf == MptEntry.Uniform(MptEntry.Tuple(leaf, 0)))
            {
                yield return (start, span, MptEntry.Tuple(leaf, 0));
                continue;
            }

            ulong page = span / MptEntry.Tuples;
            for (int k = 0; k < MptEntry.Tuples; k++)
            {
                yield return (start + ((ulong)k * page), page, MptEntry.Tuple(leaf, k));
            }
        }
    }
}
