using CoveJit.Memory.Protection;
using CoveJit.Memory.Tests.Translation;

namespace CoveJit.Memory.Tests.Protection;

/// <summary>The rules of Smmpt's tables, one by one. Entries are written as numbers, as the specification draws them.</summary>
public sealed class MptWalkerTests
{
    private const ulong Root = 0x10_0000;
    private const ulong NextPage = 0x200; // page number of the next table
    private const ulong Valid = 1;
    private const ulong Leaf = 3;
    private const ulong Napot = 7;
    private const ulong G4 = 4UL << 12;
    private const ulong Everything = 0x00FF_FFFF_FFFF_FF03; // all sixteen tuples 111

    private readonly SparseTables _tables = new();

    [Theory]
    [InlineData(MptMode.Smmpt43, 3, 43)]
    [InlineData(MptMode.Smmpt52, 4, 52)]
    [InlineData(MptMode.Smmpt64, 5, 64)]
    public void Every_level_may_hold_leaves_and_covers_sixteen_pages_an_entry(MptMode mode, int levels, int width)
    {
        const ulong Address = 0x0000_05A5_A5A5_A5A5 & ((1UL << 43) - 1);
        for (int level = 0; level < levels; level++)
        {
            int shift = 16 + (9 * level);
            for (int page = 0; page < 16; page++)
            {
                _tables.Entries.Clear();
                ulong address = (Address & ~(0xFUL << (shift - 4))) | ((ulong)page << (shift - 4));
                Put(mode, levels, address, level, Leaf | (5UL << (8 + (3 * page))));
                Assert.True(Walk(mode, address, out MptWalkResult result));
                Assert.Equal((MptPermissions.Read | MptPermissions.Execute, shift - 4, levels - level), (result.Permissions, result.PageShift, result.EntriesRead));
                Assert.True(Walk(mode, address ^ (1UL << (shift - 4)), out MptWalkResult neighbour));
                Assert.Equal(MptPermissions.None, neighbour.Permissions);
            }
        }

        if (width < 64)
        {
            _tables.Entries.Clear();
            Put(mode, levels, Address, 0, Everything);
            Assert.True(Walk(mode, Address, out _));
            for (int bit = width; bit < 64; bit++)
            {
                Assert.False(Walk(mode, Address | (1UL << bit), out _));
            }
        }
    }

    [Fact]
    public void The_root_of_Smmpt64_is_indexed_by_twelve_bits()
    {
        ulong address = 0xFFF5_0000_0000_0000;
        _tables.Entries[Root + (0xFFFUL * 8)] = Leaf | (3UL << (8 + (3 * 5)));
        Assert.True(Walk(MptMode.Smmpt64, address, out MptWalkResult result));
        Assert.Equal((MptPermissions.ReadWrite, 48), (result.Permissions, result.PageShift));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    [InlineData(5, true)]
    [InlineData(6, false)]
    [InlineData(7, true)]
    public void Tuples_are_R_W_X_from_the_lowest_bit_and_W_without_R_is_reserved(int tuple, bool defined)
    {
        foreach (ulong entry in new[] { Leaf | ((ulong)tuple << 8), Napot | G4 | ((ulong)tuple << 8) })
        {
            Put(MptMode.Smmpt43, 3, 0, 0, entry);
            Assert.Equal(defined, Walk(MptMode.Smmpt43, 0, out MptWalkResult result));
            if (defined)
            {
                Assert.Equal(
                    ((tuple & 1) != 0, (tuple & 2) != 0, (tuple & 4) != 0),
                    (result.Permissions.HasFlag(MptPermissions.Read), result.Permissions.HasFlag(MptPermissions.Write), result.Permissions.HasFlag(MptPermissions.Execute)));
            }
        }

        // Reserved in a tuple that is not the page's: no matter.
        Put(MptMode.Smmpt43, 3, 0, 0, Leaf | (1 << 8) | ((ulong)tuple << 11));
        Assert.True(Walk(MptMode.Smmpt43, 0, out _));
    }

    [Theory]
    [InlineData("not valid", 0x00FF_FFFF_FFFF_FF02UL, false)]
    [InlineData("not valid, anything", 0xFFFF_FFFF_FFFF_FFFEUL, false)]
    [InlineData("leaf", Everything, true)]
    [InlineData("pointer at the last level", (NextPage << 10) | Valid, false)]
    [InlineData("bit 3 of a leaf", Everything | (1 << 3), false)]
    [InlineData("bit 7 of a leaf", Everything | (1 << 7), false)]
    [InlineData("bit 56 of a leaf", Everything | (1UL << 56), false)]
    [InlineData("bit 63 of a leaf", Everything | (1UL << 63), false)]
    [InlineData("NAPOT", Napot | G4 | 0x700, true)]
    [InlineData("NAPOT, bit 11", Napot | G4 | 0xF00, false)]
    [InlineData("NAPOT, bit 3", Napot | G4 | 0x708, false)]
    [InlineData("NAPOT, bit 16", Napot | G4 | 0x1_0700, false)]
    [InlineData("NAPOT, bit 63", Napot | G4 | 0x700 | (1UL << 63), false)]
    [InlineData("NAPOT, G = 0", Napot | 0x700, false)]
    [InlineData("NAPOT, G = 3", Napot | 0x3700, false)]
    [InlineData("NAPOT, G = 5", Napot | 0x5700, false)]
    [InlineData("NAPOT, G = 6, RV32's", Napot | 0x6700, false)]
    [InlineData("NAPOT, G = 15", Napot | 0xF700, false)]
    public void Reserved_bits_and_encodings_of_a_last_entry_fault(string name, ulong entry, bool found)
    {
        Put(MptMode.Smmpt43, 3, 0x1234_5000, 0, entry);
        Assert.True(found == Walk(MptMode.Smmpt43, 0x1234_5000, out MptWalkResult result), name);
        if (found)
        {
            Assert.Equal(MptPermissions.All, result.Permissions);
        }
    }

    [Fact]
    public void Reserved_bits_of_a_pointer_fault_N_among_them()
    {
        ulong at = Put(MptMode.Smmpt43, 3, 0x1234_5000, 0, Everything).Pointer;
        ulong pointer = _tables.Entries[at];
        Assert.True(Walk(MptMode.Smmpt43, 0x1234_5000, out _));
        foreach (int bit in Enumerable.Range(0, 64).Where(bit => bit != 1)) // L makes it another kind of entry
        {
            _tables.Entries[at] = pointer ^ (1UL << bit); // reserved, or leads to nothing, or not valid
            Assert.False(Walk(MptMode.Smmpt43, 0x1234_5000, out _), $"bit {bit}");
        }
    }

    [Fact]
    public void A_NAPOT_leaf_covers_its_group_and_every_page_in_it()
    {
        int[] shifts = [21, 30, 39];
        for (int level = 0; level < 3; level++)
        {
            ulong address = 5UL << shifts[level];
            Put(MptMode.Smmpt43, 3, address, level, Napot | G4 | 0x100);
            Assert.True(Walk(MptMode.Smmpt43, address | 0xF000, out MptWalkResult result));
            Assert.Equal((MptPermissions.Read, shifts[level]), (result.Permissions, result.PageShift));
            _tables.Entries.Clear();
        }
    }

    [Fact]
    public void An_entry_that_may_not_be_read_faults()
    {
        _tables.Unreadable.Add(Put(MptMode.Smmpt43, 3, 0, 0, Everything).Entry);
        Assert.False(Walk(MptMode.Smmpt43, 0, out MptWalkResult result));
        Assert.Equal(3, result.EntriesRead);
    }

    [Fact]
    public void Entries_are_made_as_they_are_read()
    {
        Assert.Equal(Everything, MptEntry.Uniform(MptPermissions.All));
        Assert.Equal(0x4707UL, MptEntry.NapotOf(MptPermissions.All));
        Assert.Equal((NextPage << 10) | 1, MptEntry.PointerTo(NextPage << 12));
        ulong entry = MptEntry.Uniform(MptPermissions.None);
        for (int i = 0; i < 16; i++)
        {
            entry = MptEntry.WithTuple(entry, i, (MptPermissions)(i % 2 == 0 ? 1 : 5));
        }

        for (int i = 0; i < 16; i++)
        {
            Assert.Equal((MptPermissions)(i % 2 == 0 ? 1 : 5), MptEntry.Tuple(entry, i));
        }

        Assert.Equal(0UL, entry & MptEntry.ReservedInLeaf);
    }

    private bool Walk(MptMode mode, ulong address, out MptWalkResult result)
    {
        SparseMemory memory = new(_tables);
        return MptWalker.Walk(ref memory, new MptRoot(mode, 0, Root >> 12), address, out result);
    }

    // Pointers down to a level, and an entry there. Returns where the entry is, and where the last pointer.
    private (ulong Entry, ulong Pointer) Put(MptMode mode, int levels, ulong address, int level, ulong leaf)
    {
        ulong table = Root;
        ulong pointer = 0;
        for (int i = levels - 1; i > level; i--)
        {
            pointer = At(table, address, i, mode, levels);
            ulong next = NextPage + (ulong)i;
            _tables.Entries[pointer] = (next << 10) | Valid;
            table = next << 12;
        }

        ulong entry = At(table, address, level, mode, levels);
        _tables.Entries[entry] = leaf;
        return (entry, pointer);
    }

    private static ulong At(ulong table, ulong address, int level, MptMode mode, int levels) =>
        table + (((address >> (16 + (9 * level))) & (mode == MptMode.Smmpt64 && level == levels - 1 ? 0xFFFUL : 0x1FF)) * 8);
}
