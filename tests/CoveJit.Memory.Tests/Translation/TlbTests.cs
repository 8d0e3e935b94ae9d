using CoveJit.Memory.Translation;

namespace CoveJit.Memory.Tests.Translation;

public sealed unsafe class TlbTests
{
    private const ulong Host = 0x7000_0000_0000;

    private static TlbContext Space(uint asid, ulong root = 1, uint modifiers = 1) => new((8UL << 60) | ((ulong)asid << 44) | root, 0, modifiers);

    private static TlbContext Guest(uint vmid, uint asid = 0, uint modifiers = 1) =>
        new((8UL << 60) | ((ulong)asid << 44) | 1, (8UL << 60) | ((ulong)vmid << 44) | 4, modifiers | TlbContext.VirtualBit);

    [Fact]
    public void A_filled_entry_hits_in_its_own_array_only()
    {
        using Tlb tlb = new();
        TlbBank* bank = tlb.Select(Space(1));
        Fill(tlb, bank, 0x1234_5678, AccessType.Write, (byte*)Host, 12);
        Assert.Equal(Host + 0x678, Lookup(bank, 0x1234_5678, AccessType.Write));
        Assert.Equal(Host, Lookup(bank, 0x1234_5000, AccessType.Write));
        Assert.Equal(0UL, Lookup(bank, 0x1234_5678, AccessType.Read));
        Assert.Equal(0UL, Lookup(bank, 0x1234_5678, AccessType.Execute));
        Assert.Equal(0UL, Lookup(bank, 0x1234_6000, AccessType.Write));
        Assert.Equal(0UL, Lookup(bank, 0x1234_5678 + (1UL << 40), AccessType.Write));
    }

    [Fact]
    public void The_highest_page_is_not_confused_with_the_invalid_tag()
    {
        using Tlb tlb = new();
        TlbBank* bank = tlb.Select(Space(1));
        for (ulong offset = 0; offset < 16; offset++)
        {
            Assert.Equal(0UL, Lookup(bank, ulong.MaxValue - offset, AccessType.Read));
        }

        Fill(tlb, bank, ulong.MaxValue, AccessType.Read, (byte*)Host, 12);
        Assert.Equal(Host + 0xFFF, Lookup(bank, ulong.MaxValue, AccessType.Read));
    }

    [Fact]
    public void Contexts_that_differ_in_anything_have_different_banks()
    {
        using Tlb tlb = new();
        TlbContext[] contexts = [Space(1), Space(2), Space(1, root: 2), Space(1, modifiers: 0), Space(1, modifiers: 9), Space(1, modifiers: 17), new(0, 0, 3), Guest(1), Guest(2), Guest(1, asid: 1), Space(1) with { Sdid = 1, ProtectionTable = 1UL << 52 }, Space(1) with { ProtectionTable = 1 }];
        HashSet<nint> banks = [];
        foreach (TlbContext context in contexts)
        {
            TlbBank* bank = tlb.Select(context);
            Assert.True(banks.Add((nint)bank));
            Fill(tlb, bank, 0x1000, AccessType.Read, (byte*)Host, 12);
        }

        foreach (TlbContext context in contexts)
        {
            TlbBank* bank = tlb.Select(context);
            Assert.Contains((nint)bank, banks);
            Assert.NotEqual(0UL, Lookup(bank, 0x1000, AccessType.Read));
        }
    }

    [Fact]
    public void The_least_recently_used_bank_is_recycled_and_comes_back_empty()
    {
        using Tlb tlb = new();
        List<nint> banks = [];
        for (uint asid = 0; asid < 16; asid++)
        {
            TlbBank* bank = tlb.Select(Space(asid));
            Fill(tlb, bank, 0x1000, AccessType.Read, (byte*)Host, 21);
            banks.Add((nint)bank);
        }

        Assert.Equal(16, banks.Distinct().Count());
        tlb.Use((TlbBank*)banks[0]); // 1 is the oldest now
        TlbBank* recycled = tlb.Select(Space(100));
        Assert.Equal(banks[1], (nint)recycled);
        Assert.Equal(1UL, tlb.Recycled);
        Assert.Equal(0UL, Lookup(recycled, 0x1000, AccessType.Read));
        Assert.NotEqual(0UL, Lookup((TlbBank*)banks[0], 0x1000, AccessType.Read));
    }

    [Fact]
    public void A_fence_of_an_ASID_clears_every_bank_of_the_address_space_and_no_other()
    {
        using Tlb tlb = new();
        TlbContext[] flushed = [Space(7), Space(7, root: 9), Space(7, modifiers: 0), Space(7, modifiers: 25)];
        TlbContext[] kept = [Space(8), Space(0x7007), new(0, 0, 3), Guest(7, asid: 7)];
        foreach (TlbContext context in (TlbContext[])[.. flushed, .. kept])
        {
            Fill(tlb, tlb.Select(context), 0x1000, AccessType.Execute, (byte*)Host, 12);
        }

        tlb.Flush(TlbFence.Supervisor(null, 7));
        Assert.All(flushed, context => Assert.Equal(0UL, Lookup(tlb.Select(context), 0x1000, AccessType.Execute)));
        Assert.All(kept, context => Assert.NotEqual(0UL, Lookup(tlb.Select(context), 0x1000, AccessType.Execute)));
    }

    [Fact]
    public void A_fence_of_a_virtual_machine_spares_the_other_machines_and_the_host()
    {
        (TlbFence Fence, bool One, bool Two, bool Other, bool Host)[] rows =
        [
            (TlbFence.Supervisor(null, null), false, false, false, true),
            (TlbFence.Supervisor(0x1000, null), false, false, false, true),
            (TlbFence.GuestPhysical(null), true, true, true, false),
            (TlbFence.GuestPhysical(5), true, true, false, false),
            (TlbFence.GuestPhysical(4), false, false, false, false),
            (TlbFence.GuestVirtual(5, null, null), true, true, false, false),
            (TlbFence.GuestVirtual(5, null, 1), true, false, false, false),
            (TlbFence.GuestVirtual(5, 0x1000, null), true, true, false, false),
            (TlbFence.GuestVirtual(5, 0x1000, 2), false, true, false, false),
            (TlbFence.GuestVirtual(5, 0x2000, null), false, false, false, false),
        ];
        TlbContext[] contexts = [Guest(5, asid: 1), Guest(5, asid: 2), Guest(6, asid: 1), Space(1)];
        foreach ((TlbFence fence, bool one, bool two, bool other, bool host) in rows)
        {
            using Tlb tlb = new();
            foreach (TlbContext context in contexts)
            {
                Fill(tlb, tlb.Select(context), 0x1000, AccessType.Read, (byte*)Host, 12);
            }

            tlb.Flush(fence);
            bool[] flushed = [.. contexts.Select(context => Lookup(tlb.Select(context), 0x1000, AccessType.Read) == 0)];
            Assert.True(flushed.SequenceEqual([one, two, other, host]), fence.ToString());
        }
    }

    [Fact]
    public void Fences_reach_the_current_supervisor_domain_only_but_those_of_physical_memory()
    {
        TlbContext Of(TlbContext context, uint sdid) => context with { Sdid = sdid, ProtectionTable = 1 + sdid };
        (TlbFence Fence, bool[] Flushed)[] rows =
        [
            (TlbFence.Supervisor(null, null, 3), [false, false, true, false]),
            (TlbFence.Supervisor(null, 1, 3), [false, false, true, false]),
            (TlbFence.Supervisor(0x1000, null, 3), [false, false, true, false]),
            (TlbFence.GuestVirtual(1, null, null, 3), [false, false, false, true]),
            (TlbFence.GuestPhysical(null, 2), [false, true, false, false]),
            (TlbFence.Domain(3), [false, false, true, true]),
            (TlbFence.Domain(4), [false, false, false, false]),
            (TlbFence.Domain(null), [true, true, true, true]),
        ];
        TlbContext[] contexts = [Of(Space(1), 2), Of(Guest(1), 2), Of(Space(1), 3), Of(Guest(1), 3)];
        foreach ((TlbFence fence, bool[] expected) in rows)
        {
            using Tlb tlb = new();
            foreach (TlbContext context in contexts)
            {
                Fill(tlb, tlb.Select(context), 0x1000, AccessType.Read, (byte*)Host, 12);
            }

            tlb.Flush(fence);
            bool[] flushed = [.. contexts.Select(context => Lookup(tlb.Select(context), 0x1000, AccessType.Read) == 0)];
            Assert.True(flushed.SequenceEqual(expected), fence.ToString());
        }
    }

    [Fact]
    public void FlushAll_clears_everything_and_the_banks_stay_usable()
    {
        using Tlb tlb = new();
        TlbBank* bank = tlb.Select(Space(1));
        Fill(tlb, bank, 0x1000, AccessType.Read, (byte*)Host, 12);
        tlb.FlushAll();
        Assert.Equal(0UL, Lookup(bank, 0x1000, AccessType.Read));
        Assert.Equal((nint)bank, (nint)tlb.Select(Space(1)));
        Fill(tlb, bank, 0x1000, AccessType.Read, (byte*)Host, 12);
        tlb.FlushAll();
        Assert.Equal(0UL, Lookup(bank, 0x1000, AccessType.Read));
    }

    [Theory]
    [InlineData(null, true, true)]
    [InlineData(1u, true, false)]
    [InlineData(2u, false, true)]
    [InlineData(3u, false, false)]
    public void A_fence_of_an_address_drops_one_page_of_one_or_all_address_spaces(uint? asid, bool first, bool second)
    {
        using Tlb tlb = new();
        TlbBank* one = tlb.Select(Space(1));
        TlbBank* two = tlb.Select(Space(2));
        foreach (nint bank in new[] { (nint)one, (nint)two })
        {
            for (AccessType access = AccessType.Read; access <= AccessType.Execute; access++)
            {
                Fill(tlb, (TlbBank*)bank, 0x5000, access, (byte*)Host, 12);
                Fill(tlb, (TlbBank*)bank, 0x6000, access, (byte*)Host, 12);
            }
        }

        tlb.Flush(TlbFence.Supervisor(0x5FFF, asid));
        for (AccessType access = AccessType.Read; access <= AccessType.Execute; access++)
        {
            Assert.Equal(first, Lookup(one, 0x5000, access) == 0);
            Assert.Equal(second, Lookup(two, 0x5000, access) == 0);
            Assert.NotEqual(0UL, Lookup(one, 0x6000, access));
            Assert.NotEqual(0UL, Lookup(two, 0x6000, access));
        }
    }

    // The fence names any address of the superpage; every 4 KiB member that was filled must go.
    [Theory]
    [InlineData(16)]
    [InlineData(21)]
    [InlineData(30)]
    [InlineData(39)]
    [InlineData(48)]
    public void A_fence_of_an_address_drops_all_members_of_a_superpage(int shift)
    {
        Random random = new(shift);
        for (int round = 0; round < 200; round++)
        {
            using Tlb tlb = new();
            TlbBank* bank = tlb.Select(Space(1));
            ulong start = (ulong)random.NextInt64(1L << 56) & ~((1UL << shift) - 1);
            ulong member = start | ((ulong)random.NextInt64() & ((1UL << shift) - 1));
            ulong named = start | ((ulong)random.NextInt64() & ((1UL << shift) - 1));
            Fill(tlb, bank, member, AccessType.Write, (byte*)Host, shift);
            Assert.NotEqual(0UL, Lookup(bank, member, AccessType.Write));
            tlb.Flush(TlbFence.Supervisor(named, 1));
            Assert.True(Lookup(bank, member, AccessType.Write) == 0, $"member {member:x}, fenced {named:x}, shift {shift}");
        }
    }

    [Fact]
    public void DropWrites_drops_the_write_entries_of_a_host_page_in_all_banks_and_nothing_else()
    {
        using Tlb tlb = new();
        TlbBank* one = tlb.Select(Space(1));
        TlbBank* two = tlb.Select(Space(2));
        Fill(tlb, one, 0x5000, AccessType.Write, (byte*)Host, 12);
        Fill(tlb, two, 0xFFFF_FFFF_8000_0000, AccessType.Write, (byte*)Host, 12); // an alias
        Fill(tlb, one, 0x6000, AccessType.Write, (byte*)Host + 0x1000, 12);
        Fill(tlb, one, 0x5000, AccessType.Read, (byte*)Host, 12);
        Fill(tlb, one, 0x5000, AccessType.Execute, (byte*)Host, 12);
        tlb.DropWrites((byte*)Host);
        Assert.Equal(0UL, Lookup(one, 0x5000, AccessType.Write));
        Assert.Equal(0UL, Lookup(two, 0xFFFF_FFFF_8000_0000, AccessType.Write));
        Assert.NotEqual(0UL, Lookup(one, 0x6000, AccessType.Write));
        Assert.NotEqual(0UL, Lookup(one, 0x5000, AccessType.Read));
        Assert.NotEqual(0UL, Lookup(one, 0x5000, AccessType.Execute));
    }

    // The owner fills as the hart does (flag, fill, look again); the other thread flags as the code cache does (flag, scan).
    // Whatever the interleaving, no write entry may be left once both are done.
    [Fact]
    public void A_fill_racing_with_DropWrites_never_leaves_a_write_entry_to_a_flagged_page()
    {
        using Tlb tlb = new();
        TlbBank* bank = tlb.Select(Space(1));
        const int Rounds = 20_000;
        int flagged = 0;
        using Barrier barrier = new(2);
        Thread other = new(() =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                barrier.SignalAndWait();
                Interlocked.Exchange(ref flagged, 1);
                tlb.DropWrites((byte*)Host);
                barrier.SignalAndWait();
            }
        });
        other.Start();
        int left = 0;
        for (int round = 0; round < Rounds; round++)
        {
            Volatile.Write(ref flagged, 0);
            barrier.SignalAndWait();
            Thread.SpinWait(round & 0xFF);
            if (Volatile.Read(ref flagged) == 0)
            {
                Fill(tlb, bank, 0x5000, AccessType.Write, (byte*)Host, 12);
                Interlocked.MemoryBarrier();
                if (Volatile.Read(ref flagged) != 0)
                {
                    TlbBank.EntryFor(bank, 0x5000, AccessType.Write)->Tag = TlbEntry.Invalid;
                }
            }

            barrier.SignalAndWait();
            left += Lookup(bank, 0x5000, AccessType.Write) == 0 ? 0 : 1;
        }

        other.Join();
        Assert.Equal(0, left);
    }

    // As after a walk.
    private static void Fill(Tlb tlb, TlbBank* bank, ulong address, AccessType access, byte* host, int pageShift)
    {
        tlb.Remember(bank, address, access, (byte*)((ulong)host & ~0xFFFUL), pageShift);
        tlb.Fill(bank, address, access, (byte*)((ulong)host & ~0xFFFUL));
    }

    // The host address of a byte, or 0 on a miss: the fast path's compare for a one-byte access.
    private static ulong Lookup(TlbBank* bank, ulong address, AccessType access)
    {
        TlbEntry* entry = TlbBank.EntryFor(bank, address, access);
        return entry->Tag == (address & ~0xFFFUL) ? address + (ulong)entry->Addend : 0;
    }
}
