using CoveJit.Devices.Protection;
using CoveJit.Devices.Tests.BoardFakes;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Translation;

namespace CoveJit.Devices.Tests.Protection;

/// <summary>The rules of the IOPMP specification, one by one, at the registers and at the receiver port.</summary>
public sealed class IopmpTests
{
    private const ulong Hwcfg0 = 0x08;
    private const ulong Hwcfg1 = 0x0C;
    private const ulong Hwcfg2 = 0x10;
    private const ulong Hwcfg3 = 0x14;
    private const ulong MdStall = 0x30;
    private const ulong MdStallH = 0x34;
    private const ulong RridScp = 0x38;
    private const ulong MdLck = 0x40;
    private const ulong MdLckH = 0x44;
    private const ulong MdCfgLck = 0x48;
    private const ulong EntryLck = 0x4C;
    private const ulong ErrCfg = 0x60;
    private const ulong ErrInfo = 0x64;
    private const ulong ErrReqAddr = 0x68;
    private const ulong ErrReqAddrH = 0x6C;
    private const ulong ErrReqId = 0x70;
    private const ulong ErrMfr = 0x74;

    private const uint Read = 1;
    private const uint Write = 2;
    private const uint Tor = 1 << 3;
    private const uint Na4 = 2 << 3;
    private const uint Napot = 3 << 3;
    private const ulong Page = 0x8000_0000;

    private readonly FakeLine _line = new();
    private Iopmp _iopmp;

    public IopmpTests()
    {
        _iopmp = Make(new IopmpConfiguration { Entries = 8, Domains = 4, Requesters = 40 });
    }

    [Fact]
    public void Information_registers_say_what_it_has()
    {
        Assert.Equal(0xC400_0006u, Get(Hwcfg0));
        Assert.Equal(0x0008_0028u, Get(Hwcfg1));
        Assert.Equal(0xF803_0008u, Get(Hwcfg2)); // mfr, stall, sps, pees, peis, non_prio, prio_ent_prog; all entries have priority
        Assert.Equal(0u, Get(Hwcfg3));
        Assert.Equal(0x10000u, Get(0x2C));
        Assert.Equal(0x8000_0000u, Get(0x00));
    }

    [Fact]
    public void It_checks_nothing_until_enabled_and_then_always()
    {
        Assert.Equal(DmaVerdict.Pass, Check(0, Page, 64));
        Enable();
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page, 64));
        Set(Hwcfg0, 0);
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page, 64));
        AssertError(IopmpError.NoHit, AccessType.Read, 0, Page, 0xFFFF);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(0x1_0000)]
    [InlineData(-1)]
    public void An_unknown_requester_is_refused(int requester)
    {
        Enable();
        Assert.Equal(DmaVerdict.Refuse, Check(requester, Page, 4));
        Assert.Equal(IopmpError.UnknownRequester, (IopmpError)(Get(ErrInfo) >> 4));
    }

    [Fact]
    public void A_requester_reaches_the_entries_of_its_domains_alone()
    {
        Set(Domain(0), 1);
        Set(Domain(1), 3);
        Set(Domain(2), 3); // empty
        Set(Domain(3), 4);
        Entry(0, Region(Page, 0x1000), Napot | Read);
        Entry(1, Region(Page + 0x1000, 0x1000), Napot | Read);
        Entry(2, Region(Page + 0x2000, 0x1000), Napot | Read);
        Entry(3, Region(Page + 0x3000, 0x1000), Napot | Read);
        Entry(4, Region(Page + 0x4000, 0x1000), Napot | Read); // in no domain
        Set(Requester(0), 0b0001 << 1);
        Set(Requester(1), 0b1110 << 1);
        Enable();
        Assert.Equal([true, false, false, false, false], Reachable(0));
        Assert.Equal([false, true, true, true, false], Reachable(1));
        Assert.Equal([false, false, false, false, false], Reachable(2));

        bool[] Reachable(int requester) => [.. Enumerable.Range(0, 5).Select(i => Check(requester, Page + (0x1000 * (ulong)i), 64) == DmaVerdict.Pass)];
    }

    [Fact]
    public void A_domain_with_an_improper_setting_is_empty_and_the_order_is_kept()
    {
        Set(Domain(0), 4);
        Set(Domain(1), 2); // below the one before
        Set(Domain(2), 0xFFFF); // more than there are
        Entry(1, Region(Page, 0x1000), Napot | Read);
        Entry(5, Region(Page + 0x1000, 0x1000), Napot | Read);
        Set(Requester(0), 1 << 1);
        Set(Requester(1), 1 << 2);
        Set(Requester(2), 1 << 3);
        Enable();
        Assert.Equal(DmaVerdict.Pass, Check(0, Page, 4));
        Assert.Equal(DmaVerdict.Refuse, Check(1, Page, 4));
        Assert.Equal(DmaVerdict.Pass, Check(2, Page + 0x1000, 4));
        Assert.Equal(0xFFFFu, Get(Domain(2)));
    }

    [Fact]
    public void Regions_are_encoded_as_those_of_PMP()
    {
        OneDomain();
        Entry(0, (Page >> 2) + 1, Na4 | Read);
        Entry(1, (Page + 0x100) >> 2, 0); // off; the bottom of:
        Entry(2, (Page + 0x200) >> 2, Tor | Read);
        Entry(3, (Page + 0x100) >> 2, Tor | Read); // empty
        Entry(4, ulong.MaxValue >> 2, Napot | Write); // everything
        Assert.Equal(DmaVerdict.Pass, Check(0, Page + 4, 4));
        Assert.Equal(DmaVerdict.Pass, Check(0, Page + 6, 1));
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page, 4));
        Assert.Equal(DmaVerdict.Pass, Check(0, Page + 0x100, 0x100));
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page + 0x200, 4));
        Assert.Equal(DmaVerdict.Pass, Check(0, ulong.MaxValue - 3, 4, AccessType.Write));
        Entry(1, (Page + 0x180) >> 2, 0);
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page + 0x100, 4)); // the range above it has moved as well
        Assert.Equal(DmaVerdict.Pass, Check(0, Page + 0x180, 4));
    }

    [Fact]
    public void The_first_priority_entry_that_matches_any_byte_decides()
    {
        OneDomain();
        Entry(0, Region(Page + 0x800, 0x400), Napot);
        Entry(1, Region(Page, 0x1000), Napot | Read | Write);
        Assert.Equal(DmaVerdict.Pass, Check(0, Page, 0x800));
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page + 0x800, 64));
        AssertError(IopmpError.IllegalRead, AccessType.Read, 0, Page + 0x800, 0);
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page + 0x7C0, 128, AccessType.Write));
        AssertError(IopmpError.PartialHit, AccessType.Write, 0, Page + 0x7C0, 0);
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page + 0xFFF, 2));
        AssertError(IopmpError.PartialHit, AccessType.Read, 0, Page + 0xFFF, 1);
    }

    [Theory]
    [InlineData(AccessType.Read, IopmpError.IllegalRead)]
    [InlineData(AccessType.Write, IopmpError.IllegalWrite)]
    [InlineData(AccessType.Execute, IopmpError.IllegalFetch)]
    public void Each_access_needs_its_bit(AccessType access, IopmpError error)
    {
        OneDomain();
        Entry(0, Region(Page, 0x1000), Napot | (1u << (int)access));
        Entry(1, Region(Page + 0x1000, 0x1000), Napot | (7u & ~(1u << (int)access)));
        Assert.Equal(DmaVerdict.Pass, Check(0, Page, 8, access));
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page + 0x1000, 8, access));
        AssertError(error, access, 0, Page + 0x1000, 1);
    }

    [Fact]
    public void One_non_priority_entry_that_permits_is_enough()
    {
        OneDomain();
        Set(Hwcfg2, 1);
        Entry(0, Region(Page + 0xF00, 0x100), Napot); // priority
        Entry(1, Region(Page, 0x1000), Napot | Write);
        Entry(2, Region(Page, 0x800), Napot | Read);
        Assert.Equal(DmaVerdict.Pass, Check(0, Page, 0x800)); // though entry 1 refuses
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page, 0x804)); // entry 2 does not cover it and does not count
        AssertError(IopmpError.IllegalRead, AccessType.Read, 0, Page, 1);
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page + 0xF00, 4, AccessType.Write));
        AssertError(IopmpError.IllegalWrite, AccessType.Write, 0, Page + 0xF00, 0);
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page + 0x1FFC, 8)); // no partial hit
        AssertError(IopmpError.NoHit, AccessType.Read, 0, Page + 0x1FFC, 0xFFFF);
    }

    [Fact]
    public void The_number_of_priority_entries_can_be_fixed()
    {
        Set(Hwcfg2, 1000);
        Assert.Equal(8u, Get(Hwcfg2) & 0xFFFF);
        Set(Hwcfg2, 3 | (1 << 16));
        Assert.Equal(3u, Get(Hwcfg2) & 0x1_FFFF);
        Set(Hwcfg2, 5);
        Assert.Equal(3u, Get(Hwcfg2) & 0x1_FFFF);
    }

    [Fact]
    public void Secondary_permissions_only_take_away()
    {
        OneDomain();
        Entry(0, Region(Page, 0x1000), Napot | Read);
        Assert.Equal(0x1Eu, Get(Requester(0) + 8)); // without effect at reset
        Assert.Equal(DmaVerdict.Pass, Check(0, Page, 4));
        Set(Requester(0) + 8, 0);
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page, 4));
        AssertError(IopmpError.IllegalRead, AccessType.Read, 0, Page, 0);
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page, 4, AccessType.Write)); // SRCMD_W permits, the entry does not
    }

    [Fact]
    public void A_locked_row_of_the_table_stays()
    {
        Set(Requester(1), 0b101 << 1);
        Set(Requester(1), 1 | (0b011 << 1));
        Assert.Equal(1u | (0b011 << 1), Get(Requester(1)));
        Set(Requester(1), 0);
        Set(Requester(1) + 8, 0);
        Assert.Equal(1u | (0b011 << 1), Get(Requester(1)));
        Assert.Equal(0x1Eu, Get(Requester(1) + 8));
    }

    [Fact]
    public void A_locked_domain_stays_associated_or_not_for_every_requester()
    {
        _iopmp = Make(new IopmpConfiguration { Entries = 8, Domains = 40 });
        Set(Requester(0), 1 << 1);
        Set(Requester(0) + 4, 1); // MD 31
        Set(MdLck, 1 << 1);
        Set(MdLckH, 1);
        Set(MdLck, 0);
        Assert.Equal((2u, 1u), (Get(MdLck), Get(MdLckH))); // sticky
        Set(Requester(0), 1 << 2);
        Set(Requester(0) + 4, 2);
        Set(Requester(0) + 16, 0); // SRCMD_W
        Set(Requester(1), 0xFFFF_FFFE);
        Assert.Equal((6u, 3u), (Get(Requester(0)), Get(Requester(0) + 4)));
        Assert.Equal(2u, Get(Requester(0) + 16));
        Assert.Equal(0xFFFF_FFFCu, Get(Requester(1)));
        Set(MdLck, 1);
        Set(MdLck, 0xFFFF_FFFF);
        Set(MdLckH, 0xFFFF_FFFF);
        Assert.Equal((3u, 1u), (Get(MdLck), Get(MdLckH)));
    }

    [Fact]
    public void Domains_that_do_not_exist_cannot_be_associated()
    {
        Set(Requester(0), 0xFFFF_FFFE);
        Set(Requester(0) + 4, 0xFFFF_FFFF);
        Assert.Equal((0x1Eu, 0u), (Get(Requester(0)), Get(Requester(0) + 4)));
    }

    [Fact]
    public void Locked_domains_and_entries_are_a_growing_prefix()
    {
        Set(Domain(0), 1);
        Set(Domain(1), 2);
        Set(MdCfgLck, 1 << 1);
        Set(Domain(0), 5);
        Set(Domain(1), 3);
        Assert.Equal((1u, 3u), (Get(Domain(0)), Get(Domain(1))));
        Set(MdCfgLck, 0); // smaller: no effect
        Assert.Equal(2u, Get(MdCfgLck));
        Set(MdCfgLck, 1);
        Set(MdCfgLck, 3 << 1);
        Assert.Equal(3u, Get(MdCfgLck));

        Entry(1, 7, Read);
        Entry(2, 7, Read);
        Set(EntryLck, 2 << 1);
        Entry(1, 8, Write);
        Entry(2, 8, Write);
        Assert.Equal((7u, Read), (Get(EntryAt(1)), Get(EntryAt(1) + 8)));
        Assert.Equal((8u, Write), (Get(EntryAt(2)), Get(EntryAt(2) + 8)));
        Set(EntryLck, 1 << 1);
        Assert.Equal(4u, Get(EntryLck));
        Set(EntryLck, 1 | (0xFFFF << 1));
        Set(EntryLck, 0);
        Assert.Equal(1u | (0xFFFF << 1), Get(EntryLck));
        Entry(7, 8, Write);
        Assert.Equal(0u, Get(EntryAt(7)));
    }

    [Fact]
    public void The_first_violation_is_kept_until_it_is_cleared_and_the_others_leave_their_requesters()
    {
        OneDomain();
        Check(0, 0x12_3456_7890, 4);
        AssertError(IopmpError.NoHit, AccessType.Read, 0, 0x12_3456_7890, 0xFFFF, clear: false);
        Check(39, Page, 4, AccessType.Write);
        Check(3, Page, 4);
        AssertError(IopmpError.NoHit, AccessType.Read, 0, 0x12_3456_7890, 0xFFFF, clear: false);
        Assert.Equal(1u, (Get(ErrInfo) >> 8) & 1);
        Set(ErrMfr, 1 << 16);
        Assert.Equal((1u << 31) | (2 << 16) | (1 << 7), Get(ErrMfr));
        Assert.Equal((1u << 31) | (1 << 3), Get(ErrMfr)); // around to the first window
        Assert.Equal(0u, Get(ErrMfr));
        Assert.Equal(0u, (Get(ErrInfo) >> 8) & 1);
        Set(ErrMfr, 3 << 16); // there is no such window
        Assert.Equal(0u, Get(ErrMfr));
        Set(ErrInfo, 1);
        Check(2, Page, 4);
        AssertError(IopmpError.NoHit, AccessType.Read, 2, Page, 0xFFFF);
    }

    [Fact]
    public void A_violation_interrupts_until_it_is_cleared()
    {
        OneDomain();
        Check(0, Page, 4);
        Assert.False(_line.Level);
        Set(ErrInfo, 1);
        Set(ErrCfg, 2);
        Check(0, Page, 4);
        Check(0, Page, 4);
        Assert.True(_line.Level);
        Set(ErrInfo, 0);
        Assert.True(_line.Level);
        Set(ErrInfo, 1);
        Assert.False(_line.Level);
        Set(ErrCfg, 1);
        Set(ErrCfg, 0xFFFF_FFFF); // locked
        Assert.Equal(1u | (1 << 4), Get(ErrCfg));
    }

    [Fact]
    public void A_suppressed_response_discards_and_without_interrupt_nothing_is_recorded()
    {
        OneDomain();
        Set(ErrCfg, 4);
        Assert.Equal(DmaVerdict.Discard, Check(0, Page, 4));
        Assert.Equal(0u, Get(ErrInfo));
        Set(ErrCfg, 6);
        Assert.Equal(DmaVerdict.Discard, Check(0, Page, 4));
        Assert.True(_line.Level);
        AssertError(IopmpError.NoHit, AccessType.Read, 0, Page, 0xFFFF);
    }

    [Fact]
    public void An_entry_suppresses_interrupt_and_error_of_what_it_refuses()
    {
        OneDomain();
        Set(ErrCfg, 2);
        Entry(0, Region(Page, 0x1000), Napot | (1 << 5)); // sire
        Entry(1, Region(Page + 0x1000, 0x1000), Napot | (1 << 9) | (1 << 6)); // sewe, siwe
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page, 4));
        Assert.False(_line.Level);
        AssertError(IopmpError.IllegalRead, AccessType.Read, 0, Page, 0);
        Assert.Equal(DmaVerdict.Discard, Check(0, Page + 0x1000, 4, AccessType.Write));
        Assert.False(_line.Level);
        Assert.Equal(0u, Get(ErrInfo) & 1);
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page + 0x1FFE, 4, AccessType.Write)); // a partial hit is not suppressed
        Assert.True(_line.Level);
    }

    [Fact]
    public void Non_priority_entries_suppress_only_together()
    {
        OneDomain();
        Set(Hwcfg2, 0);
        Entry(0, Region(Page, 0x1000), Napot | (1 << 8)); // sere
        Entry(1, Region(Page, 0x1000), Napot);
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page, 4));
        Entry(1, Region(Page, 0x1000), Napot | (1 << 8));
        Assert.Equal(DmaVerdict.Discard, Check(0, Page, 4));
    }

    [Fact]
    public void Stalled_requesters_are_refused_until_they_are_resumed()
    {
        _iopmp = Make(new IopmpConfiguration { Entries = 8, Domains = 40 });
        OneDomain();
        Entry(0, Region(Page, 0x1000), Napot | Read);
        Set(Requester(1), 1 << 2);
        Set(Requester(2) + 4, 1);
        Set(MdStallH, 1);
        Assert.Equal(DmaVerdict.Pass, Check(0, Page, 4)); // only MDSTALL acts
        Set(MdStall, 1 << 1);
        Assert.Equal(2u, Get(MdStall));
        Assert.Equal([1u, 2, 1, 2], Stalled(0, 1, 2, 3));
        Assert.Equal(DmaVerdict.Refuse, Check(0, Page, 4));
        AssertError(IopmpError.Stalled, AccessType.Read, 0, Page, 0xFFFF);
        Set(Requester(0), 0); // a change of the table changes nothing of it
        Assert.Equal([1u], Stalled(0));
        Set(RridScp, (2u << 30) | 0);
        Set(RridScp, (1u << 30) | 3);
        Assert.Equal([2u, 2, 1, 1, 3], Stalled(0, 1, 2, 3, 64));
        Set(RridScp, (1u << 30) | 0xFFFF);
        Set(MdStall, 1 | (1 << 2)); // exempt
        Assert.Equal([1u, 2, 2, 1], Stalled(0, 1, 2, 3));
        Set(MdStallH, 0);
        Set(MdStall, 0);
        Assert.Equal([2u, 2, 2, 2], Stalled(0, 1, 2, 3));

        uint[] Stalled(params ReadOnlySpan<uint> requesters)
        {
            List<uint> states = [];
            foreach (uint requester in requesters)
            {
                Set(RridScp, requester);
                states.Add(Get(RridScp) >> 30);
            }

            return [.. states];
        }
    }

    [Fact]
    public void In_the_rapid_model_each_domain_has_k_entries()
    {
        _iopmp = Make(new IopmpConfiguration { Model = IopmpModel.Rapid, Entries = 7, Domains = 2 });
        Assert.Equal(1u | (3 << 4), Get(Hwcfg3));
        Set(Domain(0), 0xFFFF); // there is no such table
        Assert.Equal(0u, Get(Domain(0)));
        Assert.Equal(1u, Get(MdCfgLck));
        Entry(3, Region(Page, 0x1000), Napot | Read);
        Entry(4, Region(Page + 0x1000, 0x1000), Napot | Read);
        Set(Requester(0), 1 << 1);
        Set(Requester(1), 1 << 2);
        Enable();
        Assert.Equal((DmaVerdict.Pass, DmaVerdict.Refuse), (Check(0, Page, 4), Check(0, Page + 0x1000, 4)));
        Assert.Equal((DmaVerdict.Refuse, DmaVerdict.Pass), (Check(1, Page, 4), Check(1, Page + 0x1000, 4)));
    }

    [Fact]
    public void In_the_compact_model_each_requester_has_its_domain()
    {
        _iopmp = Make(new IopmpConfiguration { Model = IopmpModel.Compact, Entries = 63, Domains = 63 });
        Assert.Equal(1u | (1 << 2), Get(Hwcfg3));
        Assert.Equal(63u | (63 << 16), Get(Hwcfg1));
        Assert.Equal(0u, (Get(Hwcfg2) >> 29) & 1);
        Set(Requester(0), 0xFFFF_FFFE);
        Assert.Equal(0u, Get(Requester(0)));
        Entry(62, Region(Page, 0x1000), Napot | Read);
        Enable();
        Assert.Equal(DmaVerdict.Pass, Check(62, Page, 4));
        Assert.Equal(DmaVerdict.Refuse, Check(61, Page, 4));
        Assert.Equal(DmaVerdict.Refuse, Check(63, Page, 4));
    }

    [Fact]
    public void Registers_are_words()
    {
        Assert.False(_iopmp.TryRead(0, 8, out _));
        Assert.False(_iopmp.TryRead(2, 4, out _));
        Assert.False(_iopmp.TryWrite(Iopmp.WindowSize, 4, 0));
        Assert.False(_iopmp.TryWrite(1, 1, 0));
    }

    [Theory]
    [InlineData(IopmpModel.Full)]
    [InlineData(IopmpModel.Rapid)]
    [InlineData(IopmpModel.Compact)]
    public void Nothing_that_software_writes_breaks_it(IopmpModel model)
    {
        Random random = new(2026);
        ulong[] offsets = [Hwcfg2, MdStall, MdStallH, RridScp, ErrCfg, ErrInfo, ErrMfr];
        for (int round = 0; round < 20; round++)
        {
            _iopmp = Make(new IopmpConfiguration { Model = model, Entries = random.Next(1, 300), Domains = random.Next(1, 64), Requesters = random.Next(1, 100) });
            Enable();
            for (int i = 0; i < 2000; i++)
            {
                ulong offset = random.Next(6) switch
                {
                    0 => offsets[random.Next(offsets.Length)],
                    1 => 0x800 + (4 * (ulong)random.Next(70)),
                    2 => 0x1000 + (4 * (ulong)random.Next(900)),
                    _ => (ulong)random.Next(0, 0x20000) & ~3UL,
                };
                offset = random.Next(3) == 0 ? 0x10000 + (4 * (ulong)random.Next(1200)) : offset;
                Set(offset, (uint)random.NextInt64() >> random.Next(32));
                Get(offset);
                Check(random.Next(-1, 101), (ulong)random.NextInt64() << random.Next(3), random.Next(1, 4097), (AccessType)random.Next(3));
            }
        }
    }

    private static ulong Domain(int domain) => 0x800 + (4 * (ulong)domain);

    private static ulong Requester(int requester) => 0x1000 + (32 * (ulong)requester);

    private static ulong EntryAt(int entry) => 0x10000 + (16 * (ulong)entry);

    private static ulong Region(ulong address, ulong size) => (address >> 2) | ((size >> 3) - 1);

    private Iopmp Make(IopmpConfiguration configuration) => new("iopmp", configuration, _line);

    private uint Get(ulong offset)
    {
        Assert.True(_iopmp.TryRead(offset, 4, out ulong value));
        return (uint)value;
    }

    private void Set(ulong offset, uint value) => Assert.True(_iopmp.TryWrite(offset, 4, value));

    private void Enable() => Set(Hwcfg0, 1);

    private void Entry(int entry, ulong address, uint configuration)
    {
        Set(EntryAt(entry), (uint)address);
        Set(EntryAt(entry) + 4, (uint)(address >> 32));
        Set(EntryAt(entry) + 8, configuration);
    }

    // Requester 0 has domain 0, which has all entries.
    private void OneDomain()
    {
        Set(Domain(0), 8);
        Set(Requester(0), 1 << 1);
        Enable();
    }

    private DmaVerdict Check(int requester, ulong address, int length, AccessType access = AccessType.Read) => _iopmp.Check(requester, address, length, access);

    private void AssertError(IopmpError type, AccessType access, uint requester, ulong address, uint entry, bool clear = true)
    {
        Assert.Equal(1 | ((1 + (uint)access) << 1) | ((uint)type << 4), Get(ErrInfo) & 0xFF);
        Assert.Equal(address & ~3UL, ((ulong)Get(ErrReqAddr) << 2) | ((ulong)Get(ErrReqAddrH) << 34));
        Assert.Equal(requester | (entry << 16), Get(ErrReqId));
        if (clear)
        {
            Set(ErrInfo, 1);
        }
    }
}
