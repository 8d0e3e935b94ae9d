using CoveJit.Memory.Translation;

namespace CoveJit.Memory.Tests.Translation;

public sealed class PageTableWalkerTests
{
    private const ulong V = PageTableEntry.Valid;
    private const ulong R = PageTableEntry.Read;
    private const ulong W = PageTableEntry.Write;
    private const ulong X = PageTableEntry.Execute;
    private const ulong U = PageTableEntry.User;
    private const ulong G = PageTableEntry.Global;
    private const ulong A = PageTableEntry.Accessed;
    private const ulong D = PageTableEntry.Dirty;
    private const ulong N = PageTableEntry.Napot;
    private const ulong Nc = 1UL << 61;
    private const ulong Io = 2UL << 61;
    private const ulong ReservedType = 3UL << 61;
    private const ulong Page = 0x1234_0000UL << 10; // aligned for a gigapage, in the entry's PPN field
    private const ulong Address = 0x12_3456_7ABC;

    private static TranslationStage Stage(int levels = 3) => new() { Levels = levels, RootPage = 0x80000 };

    [Theory]
    [InlineData(3, 0, 12)]
    [InlineData(3, 1, 21)]
    [InlineData(3, 2, 30)]
    [InlineData(4, 0, 12)]
    [InlineData(4, 3, 39)]
    [InlineData(5, 0, 12)]
    [InlineData(5, 4, 48)]
    public void A_leaf_at_every_level_translates_with_the_offset_of_its_size(int levels, int level, int shift)
    {
        SparseTables tables = new();
        TranslationStage stage = Stage(levels);
        ulong page = 3UL << (9 * level); // aligned
        tables.Map(stage, Address, level, (page << 10) | V | R | A);

        Assert.Equal(WalkStatus.Ok, tables.Walk(stage, Address, AccessType.Read, out WalkResult result));
        Assert.Equal((page << 12) | (Address & ((1UL << shift) - 1)), result.Address);
        Assert.Equal(shift, result.PageShift);
        Assert.Equal(levels - level, result.EntriesRead);
    }

    public static TheoryData<int, int, int> Misalignments()
    {
        TheoryData<int, int, int> rows = [];
        for (int levels = 3; levels <= 5; levels++)
        {
            for (int level = 1; level < levels; level++)
            {
                for (int bit = 0; bit < 9 * level; bit++)
                {
                    rows.Add(levels, level, bit);
                }
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Misalignments))]
    public void A_superpage_with_any_low_page_bit_set_faults(int levels, int level, int bit)
    {
        SparseTables tables = new();
        TranslationStage stage = Stage(levels);
        tables.Map(stage, Address, level, (1UL << (10 + bit)) | V | R | W | X | A | D);
        Assert.Equal(WalkStatus.PageFault, tables.Walk(stage, Address, AccessType.Read, out _));
    }

    [Theory]
    [InlineData(0UL, false, false, false)]
    [InlineData(R, true, false, false)]
    [InlineData(W, false, false, false)] // reserved
    [InlineData(R | W, true, true, false)]
    [InlineData(X, false, false, true)]
    [InlineData(R | X, true, false, true)]
    [InlineData(W | X, false, false, false)] // reserved
    [InlineData(R | W | X, true, true, true)]
    public void Permissions_follow_RWX(ulong rwx, bool read, bool write, bool execute)
    {
        Assert.Equal(read, Permits(Stage(), rwx, AccessType.Read));
        Assert.Equal(write, Permits(Stage(), rwx, AccessType.Write));
        Assert.Equal(execute, Permits(Stage(), rwx, AccessType.Execute));

        // Without V nothing else matters.
        SparseTables tables = new();
        tables.Map(Stage(), Address, 0, Page | rwx | A | D);
        Assert.Equal(WalkStatus.PageFault, tables.Walk(Stage(), Address, AccessType.Read, out _));
    }

    [Theory]
    [InlineData(X, true)]
    [InlineData(R | X, true)]
    [InlineData(R, true)]
    public void MXR_lets_loads_read_executable_pages_and_nothing_else(ulong rwx, bool read)
    {
        TranslationStage stage = Stage() with { MakeExecutableReadable = true };
        Assert.Equal(read, Permits(stage, rwx, AccessType.Read));
        Assert.False(Permits(stage, rwx, AccessType.Write));
        Assert.Equal((rwx & X) != 0, Permits(stage, rwx, AccessType.Execute));
        Assert.False(Permits(stage, W | X, AccessType.Read)); // still reserved
    }

    // Columns: page is U, access is by U, SUM; then read/write and execute permitted.
    [Theory]
    [InlineData(false, false, false, true, true)]
    [InlineData(false, false, true, true, true)]
    [InlineData(false, true, false, false, false)]
    [InlineData(false, true, true, false, false)] // SUM means nothing to U-mode
    [InlineData(true, true, false, true, true)]
    [InlineData(true, true, true, true, true)]
    [InlineData(true, false, false, false, false)]
    [InlineData(true, false, true, true, false)] // S never executes user pages
    public void U_and_SUM_decide_between_user_and_supervisor(bool userPage, bool user, bool sum, bool data, bool execute)
    {
        TranslationStage stage = Stage() with { User = user, PermitSupervisorUserAccess = sum };
        ulong entry = R | W | X | (userPage ? U : 0);
        Assert.Equal(data, Permits(stage, entry, AccessType.Read));
        Assert.Equal(data, Permits(stage, entry, AccessType.Write));
        Assert.Equal(execute, Permits(stage, entry, AccessType.Execute));
    }

    [Fact]
    public void Every_reserved_bit_faults_in_leaves_and_pointers()
    {
        for (int bit = 54; bit <= 60; bit++)
        {
            Assert.False(Permits(Stage(), R | (1UL << bit), AccessType.Read));
            AssertPointerFaults(Stage(), 1UL << bit);
        }
    }

    [Theory]
    [InlineData(0UL, false, true)]
    [InlineData(Nc, false, false)]
    [InlineData(Io, false, false)]
    [InlineData(ReservedType, false, false)]
    [InlineData(0UL, true, true)]
    [InlineData(Nc, true, true)]
    [InlineData(Io, true, true)]
    [InlineData(ReservedType, true, false)]
    public void PBMT_needs_PBMTE_and_a_defined_type(ulong type, bool enabled, bool permitted)
    {
        Assert.Equal(permitted, Permits(Stage() with { MemoryTypes = enabled }, R | type, AccessType.Read));
    }

    [Theory]
    [InlineData(A)]
    [InlineData(D)]
    [InlineData(U)]
    [InlineData(Nc)]
    [InlineData(Io)]
    [InlineData(N)]
    public void Bits_reserved_in_pointers_fault(ulong bit)
    {
        AssertPointerFaults(Stage() with { MemoryTypes = true }, bit);
    }

    [Fact]
    public void G_and_the_software_bits_are_ignored_in_pointers_and_leaves()
    {
        const ulong Ignored = G | (3UL << 8);
        SparseTables tables = new();
        TranslationStage stage = Stage();
        tables.Map(stage, Address, 0, Page | V | R | A | Ignored);
        tables.Entries[SparseTables.EntryAddress(stage.RootPage, Address, 2)] |= Ignored;
        Assert.Equal(WalkStatus.Ok, tables.Walk(stage, Address, AccessType.Read, out _));
    }

    [Fact]
    public void Only_64_KiB_at_the_last_level_is_a_legal_NAPOT_size()
    {
        TranslationStage stage = Stage();
        for (ulong low = 0; low < 16; low++)
        {
            SparseTables tables = new();
            tables.Map(stage, Address, 0, (0x555550UL << 10) | (low << 10) | V | R | A | N);
            WalkStatus status = tables.Walk(stage, Address, AccessType.Read, out WalkResult result);
            Assert.Equal(low == 8 ? WalkStatus.Ok : WalkStatus.PageFault, status);
            if (low == 8)
            {
                Assert.Equal((0x555550UL << 12) | (Address & 0xFFFF), result.Address);
                Assert.Equal(16, result.PageShift);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void NAPOT_superpages_fault(int level)
    {
        foreach (ulong low in new ulong[] { 0, 8, 0x100 })
        {
            SparseTables tables = new();
            tables.Map(Stage(), Address, level, Page | (low << 10) | V | R | A | N);
            Assert.Equal(WalkStatus.PageFault, tables.Walk(Stage(), Address, AccessType.Read, out _));
        }
    }

    [Theory]
    [InlineData(AccessType.Read, 0UL, A)]
    [InlineData(AccessType.Read, D, A | D)]
    [InlineData(AccessType.Execute, 0UL, A)]
    [InlineData(AccessType.Write, 0UL, A | D)]
    [InlineData(AccessType.Write, A, A | D)]
    [InlineData(AccessType.Write, D, A | D)]
    public void Clear_A_or_D_is_updated_by_hardware_or_faults(AccessType access, ulong before, ulong after)
    {
        SparseTables tables = new();
        TranslationStage stage = Stage();
        ulong at = tables.Map(stage, Address, 0, Page | V | R | W | X | before);
        Assert.Equal(WalkStatus.PageFault, tables.Walk(stage, Address, access, out _));
        Assert.Equal(Page | V | R | W | X | before, tables.Entries[at]);

        Assert.Equal(WalkStatus.Ok, tables.Walk(stage with { HardwareUpdate = true }, Address, access, out WalkResult result));
        Assert.Equal(Page | V | R | W | X | after, tables.Entries[at]);
        Assert.Equal(tables.Entries[at], result.Entry);
    }

    [Fact]
    public void A_and_D_are_left_alone_when_they_suffice()
    {
        SparseTables tables = new();
        TranslationStage stage = Stage() with { HardwareUpdate = true };
        ulong at = tables.Map(stage, Address, 0, Page | V | R | W | X | A);
        Assert.Equal(WalkStatus.Ok, tables.Walk(stage, Address, AccessType.Read, out _));
        Assert.Equal(WalkStatus.Ok, tables.Walk(stage, Address, AccessType.Execute, out _));
        Assert.Equal(0, tables.Exchanges);
        Assert.Equal(Page | V | R | W | X | A, tables.Entries[at]);
    }

    [Fact]
    public void A_refused_access_updates_neither_A_nor_D()
    {
        SparseTables tables = new();
        TranslationStage stage = Stage() with { HardwareUpdate = true };
        ulong at = tables.Map(stage, Address, 0, Page | V | R);
        Assert.Equal(WalkStatus.PageFault, tables.Walk(stage, Address, AccessType.Write, out _));
        Assert.Equal(Page | V | R, tables.Entries[at]);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Only_sign_extended_addresses_translate(int levels)
    {
        TranslationStage stage = Stage(levels);
        int top = 12 + (9 * levels) - 1;
        ulong lowHalf = (1UL << top) - 0x1000;
        ulong highHalf = 0UL - (1UL << top);
        foreach ((ulong address, bool canonical) in new[]
        {
            (lowHalf, true), (highHalf, true), (0UL, true), (ulong.MaxValue - 0xFFF, true),
            (1UL << top, false), (highHalf - 1, false), (lowHalf | (1UL << 63), false), (1UL << 63, false), (highHalf & ~(1UL << 63), false),
        })
        {
            SparseTables tables = new();
            tables.Map(stage, address, 0, Page | V | R | A);
            Assert.Equal(canonical ? WalkStatus.Ok : WalkStatus.PageFault, tables.Walk(stage, address, AccessType.Read, out _));
            Assert.Equal(canonical, tables.Reads != 0);
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_pointer_at_the_last_level_faults(int levels)
    {
        SparseTables tables = new();
        TranslationStage stage = Stage(levels);
        tables.Map(stage, Address, 0, Page | V);
        Assert.Equal(WalkStatus.PageFault, tables.Walk(stage, Address, AccessType.Read, out WalkResult result));
        Assert.Equal(levels, result.EntriesRead);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void An_unreadable_entry_is_an_access_fault_at_every_level(int level)
    {
        SparseTables tables = new();
        TranslationStage stage = Stage();
        tables.Unreadable.Add(tables.Map(stage, Address, level, Page | V | R | A));
        Assert.Equal(WalkStatus.AccessFault, tables.Walk(stage, Address, AccessType.Read, out _));
    }

    [Fact]
    public void An_entry_that_may_not_be_written_is_an_access_fault_only_when_it_must_be_updated()
    {
        SparseTables tables = new();
        TranslationStage stage = Stage() with { HardwareUpdate = true };
        ulong at = tables.Map(stage, Address, 0, Page | V | R | W | A);
        tables.Unwritable.Add(at);
        Assert.Equal(WalkStatus.Ok, tables.Walk(stage, Address, AccessType.Read, out _));
        Assert.Equal(WalkStatus.AccessFault, tables.Walk(stage, Address, AccessType.Write, out _));
        Assert.Equal(Page | V | R | W | A, tables.Entries[at]);
    }

    [Fact]
    public void An_entry_changed_during_the_update_is_walked_again()
    {
        SparseTables tables = new();
        TranslationStage stage = Stage() with { HardwareUpdate = true };
        ulong at = tables.Map(stage, Address, 0, Page | V | R | W);
        tables.BeforeExchange = address =>
        {
            tables.BeforeExchange = null;
            tables.Entries[address] = (0x777UL << 10) | V | R | W; // another hart moves the page
        };
        Assert.Equal(WalkStatus.Ok, tables.Walk(stage, Address, AccessType.Write, out WalkResult result));
        Assert.Equal((0x777UL << 12) | (Address & 0xFFF), result.Address);
        Assert.Equal((0x777UL << 10) | V | R | W | A | D, tables.Entries[at]);
    }

    [Fact]
    public void An_entry_invalidated_during_the_update_faults_and_is_not_resurrected()
    {
        SparseTables tables = new();
        TranslationStage stage = Stage() with { HardwareUpdate = true };
        ulong at = tables.Map(stage, Address, 0, Page | V | R | W);
        tables.BeforeExchange = address => tables.Entries[address] = 0;
        Assert.Equal(WalkStatus.PageFault, tables.Walk(stage, Address, AccessType.Write, out _));
        Assert.Equal(0UL, tables.Entries[at]);
    }

    [Fact]
    public void An_entry_that_changes_for_ever_ends_the_walk_with_a_fault()
    {
        SparseTables tables = new();
        TranslationStage stage = Stage() with { HardwareUpdate = true };
        tables.Map(stage, Address, 0, Page | V | R | W);
        tables.BeforeExchange = address => tables.Entries[address] ^= 1UL << 8; // a software bit
        Assert.Equal(WalkStatus.PageFault, tables.Walk(stage, Address, AccessType.Write, out _));
        Assert.InRange(tables.Exchanges, 2, 1000);
    }

    private static bool Permits(in TranslationStage stage, ulong bits, AccessType access)
    {
        SparseTables tables = new();
        tables.Map(stage, Address, 0, Page | V | A | D | bits);
        WalkStatus status = tables.Walk(stage, Address, access, out _);
        Assert.True(status is WalkStatus.Ok or WalkStatus.PageFault);
        return status == WalkStatus.Ok;
    }

    private static void AssertPointerFaults(in TranslationStage stage, ulong bits)
    {
        for (int level = 1; level < stage.Levels; level++)
        {
            SparseTables tables = new();
            tables.Map(stage, Address, 0, Page | V | R | A);
            ulong table = stage.RootPage;
            for (int i = stage.Levels - 1; i > level; i--)
            {
                table = tables.Entries[SparseTables.EntryAddress(table, Address, i)] >> 10;
            }

            Assert.Equal(WalkStatus.Ok, tables.Walk(stage, Address, AccessType.Read, out _));
            tables.Entries[SparseTables.EntryAddress(table, Address, level)] |= bits;
            Assert.Equal(WalkStatus.PageFault, tables.Walk(stage, Address, AccessType.Read, out _));
        }
    }
}
