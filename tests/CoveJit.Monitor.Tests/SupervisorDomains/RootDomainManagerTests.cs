using CoveJit.Harts;
using CoveJit.Harts.Csrs;
using CoveJit.Memory.Protection;
using CoveJit.Memory.Translation;
using CoveJit.Monitor.Sbi;
using CoveJit.Monitor.SupervisorDomains;

namespace CoveJit.Monitor.Tests.SupervisorDomains;

/// <summary>Domains, their pages and their tables, which lie in guest RAM and are looked at here as the hardware would.</summary>
public sealed class RootDomainManagerTests : IDisposable
{
    private const ulong Page = 0x1000;
    private const ulong Pages = (TestMachine.Tables - TestMachine.Base) / Page; // those of the host at the start
    private const MptPermissions All = MptPermissions.All;
    private const MptPermissions None = MptPermissions.None;
    private const MptPermissions Read = MptPermissions.Read;
    private const MptPermissions ReadWrite = MptPermissions.ReadWrite;

    private readonly TestMachine _machine = new(domains: MptLeaves.Largest);

    private RootDomainManager Domains => _machine.Domains!;

    private SupervisorDomain Host => Domains.Host;

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(MptLeaves.Largest)]
    [InlineData(MptLeaves.Pages)]
    public void The_host_has_all_RAM_but_the_tables_and_the_devices_range(MptLeaves leaves)
    {
        using TestMachine machine = new(domains: leaves);
        RootDomainManager domains = machine.Domains!;
        Assert.Empty(domains.Verify());
        Assert.Equal((All, All), (Permitted(machine, domains.Host, TestMachine.Base), Permitted(machine, domains.Host, TestMachine.Tables - 1)));
        Assert.Equal((None, None), (Permitted(machine, domains.Host, TestMachine.Tables), Permitted(machine, domains.Host, TestMachine.End - 1)));
        Assert.Equal((ReadWrite, None), (Permitted(machine, domains.Host, 0x1000_0000), Permitted(machine, domains.Host, TestMachine.End)));
        Assert.Equal(PageRecord.Nobody, domains.Owner(TestMachine.Tables).Owner);
        Assert.All(machine.Harts, hart => Assert.Equal(domains.Host.Mmpt, hart.Mmpt));
        Assert.Equal(1UL, domains.ActiveDomains);
    }

    [Fact]
    public void A_page_of_a_device_changes_hands()
    {
        const ulong Device = 0x2800_1000;
        SupervisorDomain other = Domains.Create("other")!;
        Assert.Equal(DomainError.BadRange, Domains.AssignDevicePage(TestMachine.Base, Host, null));
        Assert.Equal(DomainError.BadRange, Domains.AssignDevicePage(Device + 4, Host, null));
        Assert.Equal(DomainError.NotOwner, Domains.AssignDevicePage(Device, other, Host));
        Assert.Equal(DomainError.NotOwner, Domains.AssignDevicePage(Device, null, Host));
        foreach ((SupervisorDomain? from, SupervisorDomain? to) in new[] { (Host, null), (null, other), (other, Host) })
        {
            Assert.Equal(DomainError.None, Domains.AssignDevicePage(Device, from, to));
            Assert.Equal(to?.Sdid, Domains.DeviceOwner(Device));
            Assert.Equal(to == Host ? ReadWrite : None, Permitted(_machine, Host, Device));
            Assert.Equal(to == other ? ReadWrite : None, Permitted(_machine, other, Device));
            Assert.Equal((ReadWrite, ReadWrite), (Permitted(_machine, Host, Device - 1), Permitted(_machine, Host, Device + Page)));
            Assert.Empty(Domains.Verify());
            Assert.Equal(to == other ? DomainError.InUse : DomainError.None, to == other ? Domains.Destroy(other) : DomainError.None);
        }

        Assert.Equal(DomainError.None, Domains.Destroy(other));
    }

    [Fact]
    public void With_small_leaves_every_page_of_RAM_has_its_own_tuple()
    {
        using TestMachine machine = new(domains: MptLeaves.Pages);
        Look(machine, machine.Domains!.Host, TestMachine.Base + 0x12_3000, out MptWalkResult result);
        Assert.Equal((12, 3), (result.PageShift, result.EntriesRead));
        Look(machine, machine.Domains.Host, 0x1000_0000, out result);
        Assert.InRange(result.PageShift, 21, 30); // devices are not what is measured
    }

    [Fact]
    public void Leaves_are_as_large_as_ranges_allow_and_merge_again()
    {
        // 16 MiB of RAM are half of what an entry of level 1 covers: pages of 2 MiB, and the last of them split for the tables.
        Look(_machine, Host, TestMachine.Base, out MptWalkResult result);
        Assert.Equal((21, 3), (result.PageShift, result.EntriesRead)); // a NAPOT group of level 0
        int free = Domains.FreeTablePages;
        SupervisorDomain other = Create("other");
        Assert.Equal(DomainError.None, Domains.Assign(TestMachine.Base + 0x20_0000, 0x20_0000, Host, other));
        Look(_machine, other, TestMachine.Base + 0x20_0000, out result);
        Assert.Equal((21, 2), (result.PageShift, result.EntriesRead)); // a tuple of level 1, with no table below
        Assert.Equal(DomainError.None, Domains.Assign(TestMachine.Base + 0x20_1000, Page, other, Host));
        Look(_machine, other, TestMachine.Base + 0x20_0000, out result);
        Assert.Equal(12, result.PageShift);
        Look(_machine, other, TestMachine.Base + 0x21_0000, out result);
        Assert.Equal((12, All), (result.PageShift, result.Permissions)); // a leaf of 64 KiB: 16 tuples
        Assert.Equal(DomainError.None, Domains.Assign(TestMachine.Base + 0x20_1000, Page, Host, other));
        Look(_machine, other, TestMachine.Base + 0x21_0000, out result);
        Assert.Equal((21, 2), (result.PageShift, result.EntriesRead));
        Assert.Equal(DomainError.None, Domains.Assign(TestMachine.Base + 0x20_0000, 0x20_0000, other, Host));
        Assert.Equal(DomainError.None, Domains.Destroy(other));
        Assert.Equal(free, Domains.FreeTablePages);
        Assert.Empty(Domains.Verify());
    }

    [Fact]
    public void A_page_changes_hands_empty_and_a_shared_one_keeps_its_content()
    {
        SupervisorDomain other = Create("other");
        _machine.Write(TestMachine.Data, 42UL);
        Assert.Equal(DomainError.None, Domains.Assign(TestMachine.Data, Page, Host, other));
        Assert.Equal(0UL, _machine.Read(TestMachine.Data));
        Assert.Equal((None, All), (Permitted(_machine, Host, TestMachine.Data), Permitted(_machine, other, TestMachine.Data)));
        _machine.Write(TestMachine.Data, 43UL);
        Assert.Equal(DomainError.None, Domains.Share(TestMachine.Data, Page, other, Host, ReadWrite, Read));
        Assert.Equal((43UL, Read, ReadWrite), (_machine.Read(TestMachine.Data), Permitted(_machine, Host, TestMachine.Data), Permitted(_machine, other, TestMachine.Data)));
        Assert.Equal(DomainError.BadSharing, Domains.Assign(TestMachine.Data, Page, other, Host));
        Assert.Equal(DomainError.None, Domains.Unshare(TestMachine.Data, Page, other, Host));
        Assert.Equal((43UL, None, All), (_machine.Read(TestMachine.Data), Permitted(_machine, Host, TestMachine.Data), Permitted(_machine, other, TestMachine.Data)));
        Assert.Empty(Domains.Verify());
    }

    [Fact]
    public void What_is_wrong_is_refused_and_changes_nothing()
    {
        SupervisorDomain other = Create("other");
        SupervisorDomain third = Create("third");
        Assert.Equal(DomainError.None, Domains.Assign(TestMachine.Data, Page, Host, other));
        Assert.Equal(DomainError.None, Domains.Share(TestMachine.Data + Page, Page, Host, other, All, Read));
        const ulong Top = ulong.MaxValue & ~(Page - 1);
        (DomainError Expected, Func<DomainError> Call)[] rows =
        [
            (DomainError.BadRange, () => Domains.Assign(TestMachine.Data + 1, Page, Host, other)),
            (DomainError.BadRange, () => Domains.Assign(TestMachine.Data, 0, Host, other)),
            (DomainError.BadRange, () => Domains.Assign(TestMachine.Data, Page - 1, Host, other)),
            (DomainError.BadRange, () => Domains.Assign(TestMachine.Base - Page, 2 * Page, Host, other)),
            (DomainError.BadRange, () => Domains.Assign(TestMachine.End, Page, Host, other)),
            (DomainError.BadRange, () => Domains.Assign(TestMachine.End - Page, 2 * Page, Host, other)),
            (DomainError.BadRange, () => Domains.Assign(TestMachine.Base, Top, Host, other)),
            (DomainError.BadRange, () => Domains.Assign(Top, 2 * Page, Host, other)),
            (DomainError.NotOwner, () => Domains.Assign(TestMachine.Tables, Page, Host, other)), // nobody gets the tables
            (DomainError.NotOwner, () => Domains.Assign(TestMachine.Tables - Page, 2 * Page, Host, other)),
            (DomainError.NotOwner, () => Domains.Assign(TestMachine.Data - Page, 2 * Page, Host, other)),
            (DomainError.NotOwner, () => Domains.Share(TestMachine.Data, Page, Host, other, All, All)),
            (DomainError.NotOwner, () => Domains.SetPermissions(TestMachine.Data, Page, Host, All)),
            (DomainError.BadSharing, () => Domains.Share(TestMachine.Data, Page, other, other, All, All)),
            (DomainError.BadSharing, () => Domains.Share(TestMachine.Data + Page, Page, Host, third, All, All)),
            (DomainError.BadSharing, () => Domains.Unshare(TestMachine.Data + Page, Page, Host, third)),
            (DomainError.BadSharing, () => Domains.Unshare(TestMachine.Data, Page, other, Host)),
            (DomainError.BadPermissions, () => Domains.Assign(TestMachine.Base, Page, Host, other, MptPermissions.Write)),
            (DomainError.BadPermissions, () => Domains.Share(TestMachine.Base, Page, Host, other, All, MptPermissions.Write | MptPermissions.Execute)),
            (DomainError.InUse, () => Domains.Destroy(other)),
            (DomainError.InUse, () => Domains.Destroy(Host)),
        ];
        foreach ((DomainError expected, Func<DomainError> call) in rows)
        {
            Assert.Equal(expected, call());
            Assert.Empty(Domains.Verify());
        }

        Assert.Equal(DomainError.None, Domains.Destroy(third));
        Assert.Equal(DomainError.NotOwner, Domains.Assign(TestMachine.Base, Page, Host, third));
    }

    [Theory]
    [InlineData(MptLeaves.Largest, 1)]
    [InlineData(MptLeaves.Largest, 2)]
    [InlineData(MptLeaves.Pages, 3)]
    public void After_random_changes_tables_tracker_and_a_list_of_what_was_asked_for_agree(MptLeaves leaves, int seed)
    {
        const int Rounds = 600;
        using TestMachine machine = new(domains: leaves);
        RootDomainManager domains = machine.Domains!;
        int free = domains.FreeTablePages;
        Random random = new(seed);
        SupervisorDomain[] all = [domains.Host, domains.Create("a")!, domains.Create("b")!, domains.Create("c")!];
        PageRecord[] expected = new PageRecord[Pages];
        Array.Fill(expected, PageRecord.Of(0, All));
        MptPermissions[] legal = [None, Read, ReadWrite, MptPermissions.Execute, Read | MptPermissions.Execute, All];
        int done = 0;
        for (int round = 0; round < Rounds; round++)
        {
            int largest = random.Next(4) switch { 0 => 1, 1 => 16, 2 => 600, _ => (int)Pages };
            int count = random.Next(3) == 0 ? Math.Min(largest, (int)Pages) : random.Next(1, largest + 1);
            int first = random.Next(0, (int)Pages - count + 1);
            if (random.Next(3) == 0)
            {
                first &= ~511;
                count = Math.Min((int)Pages - first, (count + 511) & ~511);
            }

            SupervisorDomain from = all[expected[first].Owner];
            SupervisorDomain to = all[random.Next(all.Length)];
            MptPermissions permissions = legal[random.Next(legal.Length)];
            MptPermissions other = legal[random.Next(legal.Length)];
            Span<PageRecord> range = expected.AsSpan(first, count);
            (ulong start, ulong size) = (TestMachine.Base + ((ulong)first * Page), (ulong)count * Page);
            int kind = random.Next(6);
            DomainError error = kind switch
            {
                0 => domains.Share(start, size, from, to, permissions, other),
                1 => domains.Unshare(start, size, from, to, permissions),
                2 => domains.SetPermissions(start, size, from, permissions),
                _ => domains.Assign(start, size, from, to, permissions),
            };
            bool owned = range.ToArray().All(page => page.Owner == from.Sdid);
            bool fits = owned && kind switch
            {
                0 => from != to && range.ToArray().All(page => !page.IsShared),
                1 => range.ToArray().All(page => page.Partner == to.Sdid),
                2 => true,
                _ => range.ToArray().All(page => !page.IsShared),
            };
            Assert.Equal(fits, error == DomainError.None);
            if (fits)
            {
                done++;
                foreach (ref PageRecord page in range)
                {
                    page = kind switch
                    {
                        0 => new PageRecord((byte)from.Sdid, (byte)to.Sdid, permissions, other),
                        2 => page with { OwnerPermissions = permissions },
                        1 => PageRecord.Of(from.Sdid, permissions),
                        _ => PageRecord.Of(to.Sdid, permissions),
                    };
                }
            }

            Assert.Empty(domains.Verify());
            for (int i = 0; i < 32; i++)
            {
                int page = random.Next((int)Pages);
                foreach (SupervisorDomain domain in all)
                {
                    Assert.Equal(expected[page].PermissionsOf(domain.Sdid), Permitted(machine, domain, TestMachine.Base + ((ulong)page * Page) + 0x123));
                }
            }
        }

        Assert.InRange(done, Rounds / 20, Rounds);

        // All back: the tables are as they were.
        for (int page = 0; page < (int)Pages; page++)
        {
            ulong start = TestMachine.Base + ((ulong)page * Page);
            SupervisorDomain owner = all[expected[page].Owner];
            if (expected[page].IsShared)
            {
                Assert.Equal(DomainError.None, domains.Unshare(start, Page, owner, all[expected[page].Partner]));
            }

            Assert.Equal(DomainError.None, domains.Assign(start, Page, owner, domains.Host));
        }

        foreach (SupervisorDomain domain in all[1..])
        {
            Assert.Equal(DomainError.None, domains.Destroy(domain));
        }

        Assert.Empty(domains.Verify());
        if (leaves == MptLeaves.Largest)
        {
            Assert.Equal(free, domains.FreeTablePages);
            Look(machine, domains.Host, TestMachine.Base, out MptWalkResult result);
            Assert.Equal(21, result.PageShift);
        }
    }

    [Fact]
    public void When_memory_for_tables_runs_out_changes_are_refused_whole()
    {
        List<SupervisorDomain> domains = [];
        while (Domains.Create("another") is SupervisorDomain domain)
        {
            domains.Add(domain);
        }

        Assert.True(Domains.FreeTablePages == 0 || domains.Count == 63);
        DomainError error = DomainError.None;
        for (int i = 0; i < domains.Count && error == DomainError.None; i++)
        {
            error = Domains.Assign(TestMachine.Data + ((ulong)i * Page), Page, Host, domains[i]);
            Assert.Empty(Domains.Verify());
        }

        Assert.Equal(DomainError.OutOfMemory, error);
    }

    [Fact]
    public void An_access_to_anothers_page_is_an_access_fault_of_the_domain_that_made_it()
    {
        const uint LoadA1 = 0x0005_B583; // ld a1, 0(a1)
        SupervisorDomain other = Create("other");
        Hart hart = _machine.Hart0;
        Assert.Equal(DomainError.None, Domains.Assign(TestMachine.Data, Page, Host, other));
        _machine.WriteCode(TestMachine.Base + 0x2000, LoadA1);
        Set(hart, 0x105, TestMachine.Base + 0x3000);
        hart.Pc = TestMachine.Base + 0x2000;
        hart.WriteRegister(11, TestMachine.Data + 8);
        hart.Step();
        Assert.Equal((5UL, TestMachine.Data + 8, TestMachine.Base + 0x2000, TestMachine.Base + 0x3000), (hart.Scause, hart.Stval, hart.Sepc, hart.Pc));
        Assert.Equal(1UL, hart.ProtectionTableDenials);
    }

    [Fact]
    public void Services_touch_a_domains_memory_only_as_it_could_itself()
    {
        SupervisorDomain other = Create("other");
        Assert.Equal(DomainError.None, Domains.Assign(TestMachine.Data + Page, Page, Host, other));
        Assert.Equal(DomainError.None, Domains.SetPermissions(TestMachine.Data + (2 * Page), Page, Host, Read));
        _machine.Input.Enqueue(1);
        (ulong Address, ulong Length, SbiError Write, SbiError ReadInto)[] rows =
        [
            (TestMachine.Data, Page, SbiError.Success, SbiError.Success),
            (TestMachine.Data, Page + 1, SbiError.InvalidParam, SbiError.InvalidParam),
            (TestMachine.Data + Page + 8, 8, SbiError.InvalidParam, SbiError.InvalidParam),
            (TestMachine.Data + (2 * Page), 8, SbiError.Success, SbiError.InvalidParam),
            (TestMachine.Tables, 8, SbiError.InvalidParam, SbiError.InvalidParam),
        ];
        foreach ((ulong address, ulong length, SbiError write, SbiError read) in rows)
        {
            Assert.Equal(write, _machine.Call(Eid.Console, 0, length, address, 0).Error);
            Assert.Equal(read, _machine.Call(Eid.Console, 1, length, address, 0).Error);
        }

        Assert.Equal(SbiError.InvalidAddress, _machine.Call(Eid.Pmu, 7, TestMachine.Tables, 0, 0).Error);
        Assert.Equal(SbiError.Success, _machine.Call(Eid.Pmu, 7, TestMachine.Data, 0, 0).Error);
        Assert.Equal(DomainError.None, Domains.Assign(TestMachine.Data, Page, Host, other));
        Assert.Equal(SbiError.NoShmem, _machine.Call(Eid.Pmu, 4, 0, 1, 2).Error); // taken from the host meanwhile
        Assert.Equal(0UL, _machine.Read(TestMachine.Data));
    }

    [Fact]
    public void SUPD_names_the_domains()
    {
        Assert.Equal(SbiResult.Of(1), _machine.Call(Eid.SupervisorDomains, 0));
        SupervisorDomain one = Create("one");
        Create("two");
        Assert.Equal(SbiResult.Of(7), _machine.Call(Eid.SupervisorDomains, 0));
        Assert.Equal(DomainError.None, Domains.Destroy(one));
        Assert.Equal(SbiResult.Of(5), _machine.Call(Eid.SupervisorDomains, 0));
        Assert.Equal(one.Sdid, Create("again").Sdid);
        using TestMachine undivided = new();
        Assert.Equal(SbiResult.Of(1), undivided.Call(Eid.SupervisorDomains, 0));
    }

    [Fact]
    public void Only_the_host_controls_the_machine()
    {
        SupervisorDomain other = Create("other");
        Hart hart = _machine.Hart0;
        Assert.Equal(DomainError.None, Domains.Share(TestMachine.Base, Page, Host, other, All, All)); // the ecall
        Assert.Equal(SbiResult.Of(1), _machine.Call(Eid.Base, 3, Eid.Reset));
        _machine.Monitor.Prepare(other.Context(0), hart);
        Domains.Switch(hart, other);
        foreach (uint extension in new[] { Eid.Hsm, Eid.Reset, Eid.Suspend, Eid.Pmu, Eid.Features, 8u })
        {
            Assert.Equal(SbiError.NotSupported, _machine.Call(extension, extension == Eid.Hsm ? 1u : 0, 0, 0).Error);
            Assert.Equal(SbiResult.Of(0), _machine.Call(Eid.Base, 3, extension));
        }

        Assert.Equal(SbiResult.Of(3), _machine.Call(Eid.SupervisorDomains, 0));
        Assert.Empty(_machine.PowerOffs);
        Assert.False(hart.Halted);
    }

    [Fact]
    public void A_hart_takes_nothing_from_one_domain_to_another_and_finds_everything_again()
    {
        SupervisorDomain other = Create("other");
        Hart hart = _machine.Hart0;
        _machine.Monitor.Prepare(other.Context(0), hart);

        // What a domain that has never run sees, in each CSR that its modes can reach.
        Domains.Switch(hart, other);
        Dictionary<string, ulong> fresh = Visible(hart);
        Domains.Switch(hart, Host);
        Dictionary<string, ulong> first = Visible(hart);

        // Write to everything in the host, then look from the other one.
        foreach (Csr csr in Registers(hart))
        {
            csr.Write(hart, Pattern(csr.Number));
        }

        for (int i = 1; i < 32; i++)
        {
            hart.WriteRegister(i, 0xDEAD_0000UL + (ulong)i);
        }

        Set(hart, 3, 0xFF);
        Dictionary<string, ulong> host = Visible(hart);
        Assert.InRange(host.Count(pair => pair.Value != first[pair.Key]), 30, 500); // the test reaches something
        ulong pc = hart.Pc;
        Domains.Switch(hart, other);
        AssertSame(fresh, Visible(hart));
        Assert.All(Enumerable.Range(1, 31), i => Assert.Equal(0UL, hart.ReadRegister(i)));
        foreach (Csr csr in Registers(hart).Where(csr => csr.Number != 0x180 && csr.Number != 0x680))
        {
            csr.Write(hart, ~Pattern(csr.Number));
        }

        Domains.Switch(hart, Host);
        AssertSame(host, Visible(hart));
        Assert.Equal(pc, hart.Pc);
        Assert.All(Enumerable.Range(1, 31), i => Assert.Equal(0xDEAD_0000UL + (ulong)i, hart.ReadRegister(i)));
    }

    [Fact]
    public void An_interrupt_for_a_domain_that_is_elsewhere_waits_for_it()
    {
        SupervisorDomain other = Create("other");
        Hart second = _machine.StartHart(1);
        Domains.Switch(second, other);
        Assert.Equal(SbiError.Success, _machine.Call(Eid.Ipi, 0, 2, 0).Error);
        Assert.Equal(0UL, second.Mip & 2);
        Domains.Switch(second, Host);
        Assert.Equal(2UL, second.Mip & 2);
        Domains.Switch(second, other);
        Assert.Equal(0UL, second.Mip & 2);
    }

    [Fact]
    public void A_remote_fence_reaches_the_callers_domain_on_a_hart_that_is_elsewhere()
    {
        const uint LoadA1 = 0x0005_B583;
        SupervisorDomain other = Create("other");
        Hart second = _machine.StartHart(1);
        _machine.WriteCode(TestMachine.Base + 0x2000, LoadA1);
        second.WriteRegister(11, TestMachine.Data);
        second.Pc = TestMachine.Base + 0x2000;
        second.Step();
        ulong fills = second.Tlb.Fills[(int)AccessType.Read];
        Domains.Switch(second, other);
        Assert.Equal(SbiError.Success, _machine.Call(Eid.Rfence, 1, 2, 0, 0, ulong.MaxValue).Error);
        second.RunSlice(0);
        Domains.Switch(second, Host);
        second.WriteRegister(11, TestMachine.Data);
        second.Pc = TestMachine.Base + 0x2000;
        second.Step();
        Assert.Equal(fills + 1, second.Tlb.Fills[(int)AccessType.Read]);
    }

    private static IEnumerable<Csr> Registers(Hart hart) => CsrTable.For(hart.Configuration).All.ToArray().Where(csr =>
        ((csr.Number >> 8) & 3) != 3 && csr.Number is not (>= 0xC00 and < 0xCA0) and not (>= 0x5A8 and <= 0x5AF)
        && csr.Number is not (0x15C or 0x25C) // what interrupt files hold is not a hart's
        && csr.Number is not (0x151 or 0x251));

    private static Dictionary<string, ulong> Visible(Hart hart) => Registers(hart).ToDictionary(csr => csr.Name, csr => csr.Read(hart));

    // Values that change as much as WARL rules allow.
    private static ulong Pattern(uint number) => number switch
    {
        0x180 or 0x280 or 0x680 => 0x8000_1230_0008_0000,
        0x14D or 0x24D => 0x1234_5678_9ABC_DEF0,
        0x150 or 0x250 => 0x70,
        0x600 => 0x0020_01C0,
        0x10A or 0x60A => 0x51,
        _ => 0x5555_5555_5555_5555,
    };

    private static void AssertSame(Dictionary<string, ulong> expected, Dictionary<string, ulong> actual) =>
        Assert.Empty(expected.Where(pair => actual[pair.Key] != pair.Value).Select(pair => $"{pair.Key}: {pair.Value:x}, not {actual[pair.Key]:x}"));

    private static void Set(Hart hart, uint number, ulong value) => CsrTable.For(hart.Configuration)[number]!.Write(hart, value);

    private static MptPermissions Permitted(TestMachine machine, SupervisorDomain domain, ulong address) =>
        Look(machine, domain, address, out MptWalkResult result) ? result.Permissions : MptPermissions.None;

    private static bool Look(TestMachine machine, SupervisorDomain domain, ulong address, out MptWalkResult result)
    {
        RamMemory memory = new(machine);
        return MptWalker.Walk(ref memory, default(MptRoot).WriteMmpt(domain.Mmpt), address, out result);
    }

    private SupervisorDomain Create(string name)
    {
        SupervisorDomain? domain = Domains.Create(name);
        Assert.NotNull(domain);
        return domain;
    }

    private readonly struct RamMemory(TestMachine machine) : IEntryMemory
    {
        public WalkStatus ReadEntry(ulong address, out ulong entry)
        {
            entry = machine.Read(address);
            Assert.InRange(address, TestMachine.Tables, TestMachine.End - 8);
            return WalkStatus.Ok;
        }
    }
}
