using CoveJit.Memory.Translation;

namespace CoveJit.Memory.Tests.Translation;

/// <summary>Two stages: each by itself is tested with <see cref="PageTableWalker"/>; here is how they are put together.</summary>
public sealed class TwoStageWalkerTests
{
    private const ulong Rwx = PageTableEntry.Valid | PageTableEntry.Read | PageTableEntry.Write | PageTableEntry.Execute | PageTableEntry.Accessed | PageTableEntry.Dirty;
    private const ulong User = PageTableEntry.User;
    private const int Cases = 20_000;

    [Theory]
    [InlineData(3, 41)]
    [InlineData(4, 50)]
    [InlineData(5, 59)]
    public void A_guest_stage_takes_two_more_bits_and_no_sign(int levels, int bits)
    {
        TranslationStage stage = Guest(levels);
        foreach (ulong address in new[] { 1UL << (bits - 1), (1UL << bits) - 1, 3UL << (bits - 2), 0x1000UL })
        {
            SparseTables tables = new();
            ulong root = (stage.RootPage << 12) + (((address >> (12 + (9 * (levels - 1)))) & 2047) * 8);
            tables.Entries[root] = Rwx | User; // physical address 0, of the size of a root entry
            Assert.Equal(WalkStatus.Ok, tables.Walk(stage, address, AccessType.Read, out WalkResult result));
            Assert.Equal(address & ((1UL << (12 + (9 * (levels - 1)))) - 1), result.Address);
            Assert.Equal(WalkStatus.PageFault, tables.Walk(stage, address | (1UL << bits), AccessType.Read, out _));
            Assert.Equal(WalkStatus.PageFault, tables.Walk(stage, address | (1UL << 63), AccessType.Read, out _));
        }
    }

    [Fact]
    public void With_both_stages_bare_the_address_is_physical()
    {
        SparseMemory memory = new(new SparseTables());
        Assert.Equal(WalkStatus.Ok, TwoStageWalker.Walk(ref memory, default, default, 0xFFFF_8000_1234_5678, AccessType.Execute, out WalkResult result));
        Assert.Equal((0xFFFF_8000_1234_5678, 0), (result.Address, result.EntriesRead));
    }

    [Theory]
    [InlineData(3, 3, 15)] // 3 entries at 3 + 1 reads each, and 3 for the page itself
    [InlineData(4, 3, 19)]
    [InlineData(5, 5, 35)]
    public void Each_table_entry_of_the_first_stage_costs_a_walk_of_the_second(int firstLevels, int secondLevels, int reads)
    {
        (SparseTables tables, TranslationStage first, TranslationStage second) = Build(new Random(1), firstLevels, secondLevels, out ulong address, out ulong physical);
        SparseMemory memory = new(tables);
        Assert.Equal(WalkStatus.Ok, TwoStageWalker.Walk(ref memory, first, second, address, AccessType.Read, out WalkResult result));
        Assert.Equal((physical, reads, 12), (result.Address, result.EntriesRead, result.PageShift));
    }

    // Against the plain walker of the first stage on memory behind a dictionary: what the second stage is to compute.
    [Fact]
    public void Random_walks_agree_with_a_first_stage_on_memory_behind_a_map_of_pages()
    {
        Random random = new(7);
        int[] ends = new int[4];
        for (int n = 0; n < Cases; n++)
        {
            (SparseTables tables, TranslationStage first, TranslationStage second) = Build(random, random.Next(3, 6), random.Next(3, 6), out ulong address, out _);

            // A random change of an entry of either stage: a bit of what is checked, or the page.
            if (random.Next(3) != 0)
            {
                ulong at = tables.Entries.Keys.ElementAt(random.Next(tables.Entries.Count));
                tables.Entries[at] ^= 1UL << (random.Next(2) == 0 ? random.Next(8) : random.Next(64));
            }

            first = first with { MakeExecutableReadable = random.Next(2) == 0, ReadAsExecute = random.Next(4) == 0, HardwareUpdate = random.Next(2) == 0, MemoryTypes = random.Next(2) == 0 };
            second = second with { MakeExecutableReadable = random.Next(2) == 0, ReadAsExecute = first.ReadAsExecute, HardwareUpdate = random.Next(2) == 0 };
            AccessType access = (AccessType)random.Next(3);
            SparseTables copy = new();
            foreach ((ulong at, ulong value) in tables.Entries)
            {
                copy.Entries[at] = value;
            }

            (WalkStatus status, ulong result, ulong faulting, AccessType? implicitAccess) = Model(copy, first, second, address, access);
            SparseMemory memory = new(tables);
            WalkStatus actual = TwoStageWalker.Walk(ref memory, first, second, address, access, out WalkResult walk);
            string what = $"case {n}: {access} {address:x}, {first}, {second}";
            Assert.True(status == actual, $"{what}: model {status}, walker {actual}");
            ends[(int)status]++;
            if (status == WalkStatus.Ok)
            {
                Assert.True(result == walk.Address, $"{what}: model {result:x}, walker {walk.Address:x}");
            }
            else if (status == WalkStatus.GuestPageFault)
            {
                Assert.True((faulting, implicitAccess) == (walk.GuestAddress, walk.ImplicitAccess), $"{what}: model {faulting:x} {implicitAccess}, walker {walk.GuestAddress:x} {walk.ImplicitAccess}");
            }

            Assert.True(copy.Entries.OrderBy(e => e.Key).SequenceEqual(tables.Entries.OrderBy(e => e.Key)), $"{what}: memory differs");
        }

        Assert.All([ends[(int)WalkStatus.Ok], ends[(int)WalkStatus.PageFault], ends[(int)WalkStatus.GuestPageFault]], count => Assert.True(count > Cases / 50));
    }

    // The second stage is one call of the plain walker for each access, in the order of the text.
    private static (WalkStatus Status, ulong Address, ulong Faulting, AccessType? Implicit) Model(
        SparseTables tables, TranslationStage first, TranslationStage second, ulong address, AccessType access)
    {
        MappedMemory mapped = new(tables, second with { MakeExecutableReadable = false, ReadAsExecute = false });
        WalkStatus status = PageTableWalker.Walk(ref mapped, first, address, access, out WalkResult inner);
        if (status != WalkStatus.Ok)
        {
            return (status, 0, mapped.Faults.Faulting, mapped.Faults.Access);
        }

        status = tables.Walk(second, inner.Address, access, out WalkResult outer);
        return status == WalkStatus.PageFault ? (WalkStatus.GuestPageFault, 0, inner.Address, null) : (status, outer.Address, 0, null);
    }

    private static TranslationStage Guest(int levels) => new() { Levels = levels, RootPage = 0x80000, IsGuestStage = true, User = true };

    // A first stage whose tables lie on guest physical pages that the second stage scatters over physical memory.
    private static (SparseTables Tables, TranslationStage First, TranslationStage Second) Build(Random random, int firstLevels, int secondLevels, out ulong address, out ulong physical)
    {
        SparseTables tables = new();
        TranslationStage second = Guest(secondLevels);
        int guestBits = 12 + (9 * secondLevels) + 2;
        ulong nextTable = second.RootPage + 4;
        ulong nextPage = 0x10_0000;
        ulong NewGuestPage() => (ulong)random.NextInt64(1L << Math.Min(guestBits - 12, 44)); // what a PPN holds
        ulong Place(ulong guestPage)
        {
            ulong table = second.RootPage;
            for (int level = secondLevels - 1; level > 0; level--)
            {
                ulong at = EntryAt(table, guestPage << 12, level, secondLevels);
                if (!tables.Entries.TryGetValue(at, out ulong pointer))
                {
                    tables.Entries[at] = pointer = (nextTable++ << 10) | PageTableEntry.Valid;
                }

                table = PageTableEntry.PhysicalPage(pointer);
            }

            tables.Entries[EntryAt(table, guestPage << 12, 0, secondLevels)] = (nextPage << 10) | Rwx | User;
            return nextPage++;
        }

        int bits = 12 + (9 * firstLevels);
        address = (ulong)(random.NextInt64() << (64 - bits) >> (64 - bits));
        TranslationStage first = new() { Levels = firstLevels, RootPage = NewGuestPage() };
        ulong host = Place(first.RootPage);
        for (int level = firstLevels - 1; level >= 0; level--)
        {
            ulong guestPage = NewGuestPage();
            tables.Entries[(host << 12) + (((address >> (12 + (9 * level))) & 511) * 8)] = (guestPage << 10) | (level == 0 ? Rwx : PageTableEntry.Valid);
            host = Place(guestPage);
        }

        physical = (host << 12) | (address & 0xFFF);
        return (tables, first, second);
    }

    private static ulong EntryAt(ulong table, ulong address, int level, int levels) =>
        (table << 12) + (((address >> (12 + (9 * level))) & (level == levels - 1 ? 2047UL : 511)) * 8);

    private sealed class FaultRecord
    {
        public ulong Faulting { get; set; }

        public AccessType? Access { get; set; }
    }

    private readonly struct MappedMemory(SparseTables tables, TranslationStage second) : IWalkMemory
    {
        public FaultRecord Faults { get; } = new();

        public WalkStatus ReadEntry(ulong address, out ulong entry)
        {
            entry = 0;
            if (Map(address, AccessType.Read) is not ulong physical)
            {
                return WalkStatus.GuestPageFault;
            }

            entry = tables.Entries.GetValueOrDefault(physical);
            return WalkStatus.Ok;
        }

        public WalkStatus CompareExchangeEntry(ulong address, ulong expected, ulong desired, out bool exchanged)
        {
            exchanged = false;
            if (Map(address, AccessType.Write) is not ulong physical)
            {
                return WalkStatus.GuestPageFault;
            }

            Assert.Equal(expected, tables.Entries.GetValueOrDefault(physical));
            tables.Entries[physical] = desired;
            exchanged = true;
            return WalkStatus.Ok;
        }

        private ulong? Map(ulong address, AccessType access)
        {
            if (tables.Walk(second, address, access, out WalkResult result) == WalkStatus.Ok)
            {
                return result.Address;
            }

            (Faults.Faulting, Faults.Access) = (address, access);
            return null;
        }
    }
}
