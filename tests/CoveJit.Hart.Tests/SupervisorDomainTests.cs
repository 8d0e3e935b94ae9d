using CoveJit.Harts.Csrs;
using CoveJit.Isa;
using CoveJit.Memory.Protection;
using CoveJit.Memory.Translation;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Harts.Tests;

/// <summary>Supervisor domains on a hart: which accesses the memory protection table guards, what a refusal is, and fences.</summary>
public sealed class SupervisorDomainTests : IDisposable
{
    private const uint Mmpt = 0x382;
    private const uint LoadT0 = 0x0005_3283; // ld t0, 0(a0)
    private const uint StoreT0 = 0x0055_3023; // sd t0, 0(a0)
    private const uint HlvD = 0x6C05_42F3;
    private const uint HlvxWu = 0x6835_42F3;
    private const uint CboZero = 0x0045_200F;
    private const uint CboClean = 0x0015_200F;
    private const ulong Rwx = 0xCF;
    private const ulong User = 0x10;
    private const ulong Va = 0x1234_5000;
    private const ulong Gpa = 0x4000_0000;
    private const ulong Root = Base + 0x70_0000;
    private const ulong Level1 = Base + 0x70_1000;
    private const ulong Level0 = Base + 0x70_2000;

    private readonly TestMachine _machine;

    // All of RAM may be accessed, by 4 KiB pages; nothing else.
    public SupervisorDomainTests()
        : this(new HartConfiguration())
    {
    }

    private SupervisorDomainTests(HartConfiguration configuration)
    {
        _machine = new TestMachine(configuration: configuration);
        MakeTable(Root, Level1, Level0);
        _machine.Write64(Data, 0x1122_3344_5566_7788);
        _machine.Write64(Data + 0x1000, 0x99AA_BBCC_DDEE_FF00);
        _machine.Hart.WriteRegister(10, Data);
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(7, 0, 0, 0)]
    [InlineData(5, 0, 7, 0)]
    [InlineData(4, 5, 7, 0)]
    [InlineData(3, 0, 0, 1)]
    [InlineData(1, 0, 7, 1)]
    [InlineData(0, 5, 7, 1)]
    [InlineData(2, 5, 7, 1)] // reserved
    [InlineData(6, 5, 7, 1)]
    public void A_refusal_is_an_access_fault_of_the_accesss_own_type(int tuple, int load, int store, int fetch)
    {
        Permit(Data, tuple);
        foreach ((uint instruction, int cause) in new[] { (LoadT0, load), (StoreT0, store), (Asm.AmoAdd(8, 5, 10, 0), store), (Asm.Lr(8, 5, 10), load), (CboZero, store), (CboClean, load == 0 ? 0 : 7) })
        {
            AssertOutcome(instruction, PrivilegeMode.Supervisor, cause, Data);
            AssertOutcome(instruction, PrivilegeMode.User, cause, Data);
            AssertOutcome(instruction, PrivilegeMode.Machine, 0, Data);
        }

        _machine.Write(Data, Asm.Nop);
        Under(_machine.Mmpt());
        _machine.GoTo(PrivilegeMode.Supervisor, Data);
        Assert.Equal(fetch == 0, _machine.Step());
        Assert.Equal((ulong)fetch, _machine.Hart.Mcause);
    }

    [Fact]
    public void What_is_not_RAM_is_guarded_too()
    {
        _machine.Hart.WriteRegister(10, Device);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 5, Device);
        _machine.Write64(Root, MptEntry.PointerTo(Level1));
        _machine.Write64(Level1 + ((Device >> 25) * 8), 0x0000_0000_0000_0103UL); // R for the first 2 MiB of 32
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Device);
        AssertOutcome(StoreT0, PrivilegeMode.Supervisor, 7, Device);
    }

    [Fact]
    public void Addresses_wider_than_the_mode_fault_as_the_access_does()
    {
        ulong far = 1UL << 43;
        _machine.Hart.WriteRegister(10, far);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 5, far);
        AssertOutcome(StoreT0, PrivilegeMode.Supervisor, 7, far);
    }

    [Theory]
    [InlineData(PrivilegeMode.Supervisor, true, true)]
    [InlineData(PrivilegeMode.User, true, true)]
    [InlineData(PrivilegeMode.Machine, true, false)]
    [InlineData(PrivilegeMode.Supervisor, false, false)]
    public void MPRV_counts_and_M_mode_is_free(PrivilegeMode previous, bool mprv, bool refused)
    {
        Permit(Data, 0);
        Under(_machine.Mmpt());
        _machine.Write(Program, Asm.Csrrw(0, 0x300, 6), LoadT0);
        _machine.Hart.WriteRegister(6, (mprv ? Mstatus.Mprv : 0) | ((ulong)previous << 11));
        Assert.True(_machine.Step());
        Assert.Equal(!refused, _machine.Step());
        Assert.Equal(refused ? 5UL : 0, _machine.Hart.Mcause);
    }

    [Fact]
    public void MXR_does_not_change_what_the_table_says()
    {
        Permit(Data, 4);
        Under(_machine.Mmpt());
        _machine.Hart.WriteMstatus(Mstatus.Mxr, Mstatus.Mxr);
        _machine.Write(Program, LoadT0);
        _machine.GoTo(PrivilegeMode.Supervisor, Program);
        Assert.False(_machine.Step());
        Assert.Equal(5UL, _machine.Hart.Mcause);
    }

    // What is refused in the table: the page of each level's entry, or of the data.
    [Theory]
    [InlineData(2)]
    [InlineData(1)]
    [InlineData(0)]
    public void Page_table_reads_need_R_and_faults_are_of_the_original_access(int level)
    {
        _machine.MapPage(Base, Base, Rwx, 2);
        _machine.MapPage(Va, Data, Rwx);
        ulong table = _machine.Root;
        for (int i = 2; i > level; i--)
        {
            table = _machine.Read64(table + (((Va >> (12 + (9 * i))) & 511) * 8)) >> 10 << 12;
        }

        _machine.Write(Data, LoadT0);
        foreach ((int tuple, bool refused) in new[] { (1, false), (3, false), (0, true), (4, true) })
        {
            Permit(table, tuple);
            foreach ((uint instruction, int cause) in new[] { (LoadT0, 5), (StoreT0, 7), (Asm.AmoAdd(8, 5, 10, 0), 7) })
            {
                if (level == 2 && refused)
                {
                    break; // not even the instruction can be fetched: below
                }

                _machine.Hart.WriteRegister(10, Va);
                _machine.Set(0x180, _machine.Satp());
                AssertOutcome(instruction, PrivilegeMode.Supervisor, refused ? cause : 0, Va);
            }

            Under(_machine.Mmpt());
            _machine.Set(0x180, _machine.Satp());
            _machine.GoTo(PrivilegeMode.Supervisor, Va + 8);
            Assert.Equal(refused, !_machine.Step() && _machine.Hart.Mcause == 1);
            Back();
        }
    }

    [Fact]
    public void A_page_table_the_walker_may_not_read_wins_over_the_page_fault_that_it_holds_and_loses_to_one_before_it()
    {
        _machine.MapPage(Base, Base, Rwx, 2);
        ulong leaf = _machine.MapPage(Va, Data, 0); // not valid
        _machine.Set(0x180, _machine.Satp());
        _machine.Hart.WriteRegister(10, Va);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 13, Va);
        Permit(leaf, 0);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 5, Va);
        Permit(leaf, 7);
        Permit(Data, 0);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 13, Va); // before the data is looked at
        _machine.Write64(leaf, (Data >> 2) | Rwx);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 5, Va);
    }

    [Fact]
    public void Hardware_updates_of_A_and_D_need_W()
    {
        _machine.MapPage(Base, Base, Rwx, 2);
        ulong leaf = _machine.MapPage(Va, Data, Rwx & ~0xC0UL);
        _machine.Set(0x30A, Envcfg.Adue);
        _machine.Set(0x180, _machine.Satp());
        _machine.Hart.WriteRegister(10, Va);
        Permit(leaf, 1);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 5, Va);
        AssertOutcome(StoreT0, PrivilegeMode.Supervisor, 7, Va);
        Assert.Equal((Data >> 2) | (Rwx & ~0xC0UL), _machine.Read64(leaf));
        Permit(leaf, 3);
        AssertOutcome(StoreT0, PrivilegeMode.Supervisor, 0, Va);
        Assert.Equal((Data >> 2) | Rwx, _machine.Read64(leaf));
    }

    [Fact]
    public void Both_stages_tables_and_what_they_lead_to_are_guarded()
    {
        ulong guestRoot = _machine.NewGuestRoot();
        _machine.MapPage(Base, Base, Rwx | User, 2, guestRoot, guest: true);
        _machine.MapPage(Base, Base, Rwx, 2);
        ulong guestLeaf = _machine.MapPage(Gpa, Data, Rwx | User, 0, guestRoot, guest: true);
        ulong leaf = _machine.MapPage(Va, Gpa, Rwx);
        _machine.Set(0x680, (8UL << 60) | (guestRoot >> 12));
        _machine.Set(0x280, _machine.Satp());
        _machine.Set(0x600, Hstatus.Spvp);
        _machine.Hart.WriteRegister(10, Va);
        foreach (ulong refused in new[] { guestLeaf, leaf, Data })
        {
            AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Va, isVirtual: true);
            Permit(refused, 0);
            AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 5, Va, isVirtual: true);
            AssertOutcome(StoreT0, PrivilegeMode.Supervisor, 7, Va, isVirtual: true);
            AssertOutcome(HlvD, PrivilegeMode.Supervisor, 5, Va);
            Assert.Equal(0UL, _machine.Get(0x34B)); // mtval2 is of guest-page faults
            Permit(refused, 7);
        }

        // HLVX is a load to the table, whatever it is to the page tables.
        Permit(Data, 1);
        AssertOutcome(HlvxWu, PrivilegeMode.Supervisor, 0, Va);
        Permit(Data, 4);
        AssertOutcome(HlvxWu, PrivilegeMode.Supervisor, 5, Va);
    }

    [Fact]
    public void The_table_itself_is_read_as_M_mode_under_PMP_and_not_under_itself()
    {
        Permit(Level0, 0);
        Permit(Root, 0);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Data);
        _machine.Set(0x3A0, 0);
        _machine.Set(0x3B0, (Level0 >> 2) | 0x1FF); // 4 KiB
        _machine.Set(0x3B1, ulong.MaxValue);
        _machine.Set(0x3A0, 0x1F18); // no permissions below M, M is not bound
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Data);
        _machine.Set(0x3A0, 0x1F98); // locked: M is
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 1, Program);
    }

    [Fact]
    public void PMP_still_counts()
    {
        _machine.Set(0x3A0, 0);
        _machine.Set(0x3B0, (Data >> 2) | 0x1FF);
        _machine.Set(0x3B1, ulong.MaxValue);
        _machine.Set(0x3A0, 0x1F19); // R
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Data);
        AssertOutcome(StoreT0, PrivilegeMode.Supervisor, 7, Data);
        Permit(Data, 0);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 5, Data);
    }

    [Fact]
    public void Each_4_KiB_of_a_larger_page_has_its_own_permissions()
    {
        _machine.MapPage(Base, Base, Rwx, 2); // 1 GiB
        _machine.Set(0x180, _machine.Satp());
        Permit(Data, 1);
        Permit(Data + 0x1000, 0);
        Permit(Data + 0x2000, 7);
        foreach ((ulong address, int load, int store) in new[] { (Data, 0, 7), (Data + 0x1000, 5, 7), (Data + 0x2000, 0, 0) })
        {
            _machine.Hart.WriteRegister(10, address);
            for (int i = 0; i < 2; i++)
            {
                AssertOutcome(LoadT0, PrivilegeMode.Supervisor, load, address, fence: i == 0);
                AssertOutcome(StoreT0, PrivilegeMode.Supervisor, store, address, fence: false);
            }
        }
    }

    [Fact]
    public void A_permission_given_needs_no_fence_and_one_taken_away_does()
    {
        Permit(Data, 1);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Data);
        AssertOutcome(StoreT0, PrivilegeMode.Supervisor, 7, Data, fence: false);
        Permit(Data, 3);
        AssertOutcome(StoreT0, PrivilegeMode.Supervisor, 0, Data, fence: false);
        _machine.Write64(Level0At(Data), 0);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 5, Data); // after the fence
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 5, Data, fence: false);
        _machine.Write64(Level0At(Data), MptEntry.Uniform(MptPermissions.All));
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Data, fence: false); // V from 0 to 1
    }

    // rs1, rs2 (0 for x0), and whether what was permitted under SDID 5 is still used.
    [Theory]
    [InlineData(0UL, 0UL, false)]
    [InlineData(0UL, 5UL, false)]
    [InlineData(0UL, 4UL, true)]
    [InlineData(0UL, 0xFFC5UL, false)] // bits above SDIDLEN are ignored
    [InlineData(Data, 0UL, false)]
    [InlineData(Data, 5UL, false)]
    [InlineData(Data, 4UL, true)]
    public void MFENCE_PA_and_MINVAL_PA_reach_what_they_name(ulong address, ulong sdid, bool kept)
    {
        foreach (uint funct7 in new[] { 0x19u, 0x1Bu })
        {
            Permit(Data, 3);
            AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Data, sdid: 5);
            Permit(Data, 0);
            _machine.Hart.WriteRegister(6, address);
            _machine.Hart.WriteRegister(7, sdid);
            _machine.Write(Program, Asm.R(0x73, 0, funct7, 0, address == 0 ? 0 : 6, sdid == 0 ? 0 : 7));
            _machine.Hart.Pc = Program;
            Assert.True(_machine.Step());
            AssertOutcome(LoadT0, PrivilegeMode.Supervisor, kept ? 0 : 5, Data, sdid: 5, fence: false);
        }
    }

    [Theory]
    [InlineData(PrivilegeMode.Machine, false, true)]
    [InlineData(PrivilegeMode.Supervisor, false, false)]
    [InlineData(PrivilegeMode.Supervisor, true, false)]
    [InlineData(PrivilegeMode.User, false, false)]
    public void Fences_and_CSRs_are_M_modes(PrivilegeMode mode, bool isVirtual, bool permitted)
    {
        foreach (uint instruction in new uint[] { 0x3200_0073u, 0x3600_0073, Asm.Csrrs(5, Mmpt, 0), Asm.Csrrw(0, Mmpt, 0), Asm.Csrrs(5, 0x74E, 0) })
        {
            _machine.Set(0x342, 0);
            _machine.Write(Program, instruction);
            if (mode != PrivilegeMode.Machine)
            {
                _machine.GoTo(mode, Program, isVirtual);
            }
            else
            {
                _machine.Hart.Pc = Program;
            }

            Assert.Equal(permitted, _machine.Step());
            Assert.Equal(permitted ? 0UL : 2, _machine.Hart.Mcause); // never a virtual instruction
            Back();
        }
    }

    [Fact]
    public void Without_the_extension_there_is_nothing()
    {
        using SupervisorDomainTests test = new(new HartConfiguration { Extensions = ExtensionSet.All.Without(Extension.Smsd) });
        foreach (uint instruction in new uint[] { 0x3200_0073u, 0x3600_0073, Asm.Csrrs(5, Mmpt, 0), Asm.Csrrs(5, 0x74E, 0) })
        {
            test._machine.Write(Program, instruction);
            test._machine.Hart.Pc = Program;
            Assert.False(test._machine.Step());
            Assert.Equal(2UL, test._machine.Hart.Mcause);
        }
    }

    [Fact]
    public void A_write_of_mmpt_selects_banks_and_flushes_nothing()
    {
        ulong[] other = [Base + 0x71_0000, Base + 0x71_1000, Base + 0x71_2000];
        MakeTable(other[0], other[1], other[2]);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Data, sdid: 1);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Data, sdid: 2, fence: false, root: other[0]);
        ulong[] fills = [.. _machine.Hart.Tlb.Fills];
        for (int i = 0; i < 4; i++)
        {
            AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Data, sdid: (uint)(1 + (i % 2)), fence: false, root: i % 2 == 0 ? Root : other[0]);
        }

        Assert.Equal(fills[(int)AccessType.Read], _machine.Hart.Tlb.Fills[(int)AccessType.Read]);

        // And each keeps to its own table.
        _machine.Write64(other[2] + (Level0At(Data + 0x10000) - Level0), 0);
        _machine.Hart.WriteRegister(10, Data + 0x10000);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Data, sdid: 1, fence: false);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 5, Data + 0x10000, sdid: 2, fence: false, root: other[0]);
    }

    [Fact]
    public void SFENCE_VMA_reaches_the_current_domain_only()
    {
        _machine.MapPage(Base, Base, Rwx, 2);
        ulong leaf = _machine.MapPage(Va, Data, Rwx);
        _machine.Set(0x180, _machine.Satp(asid: 3));
        _machine.Hart.WriteRegister(10, Va);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Va, sdid: 1);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Va, sdid: 2, fence: false);
        _machine.Write64(leaf, ((Data + 0x1000) >> 2) | Rwx);
        AssertOutcome(Asm.SfenceVma(0, 0), PrivilegeMode.Supervisor, 0, 0, sdid: 2, fence: false);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Va, sdid: 1, fence: false);
        Assert.Equal(0x1122_3344_5566_7788UL, _machine.Hart.ReadRegister(5)); // the domain's own business
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Va, sdid: 2, fence: false);
        Assert.Equal(0x99AA_BBCC_DDEE_FF00, _machine.Hart.ReadRegister(5));
    }

    [Fact]
    public void A_new_epoch_is_followed_on_entry_and_by_request()
    {
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Data, sdid: 5);
        Permit(Data, 0);
        Under(_machine.Mmpt(6), fence: false);
        _machine.Map.DomainEpochs.Advance(5);
        Assert.Null(_machine.Hart.PostEpoch(5)); // not in it: sees it on the way in
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 5, Data, sdid: 5, fence: false);

        Permit(Data, 3);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Data, sdid: 5, fence: false);
        Permit(Data, 0);
        _machine.Map.DomainEpochs.Advance(5);
        ulong? ticket = _machine.Hart.PostEpoch(5);
        Assert.NotNull(ticket);
        Assert.True(_machine.Hart.IsDone(ticket.Value)); // it does not execute
        _machine.Write(Program, Asm.Nop, LoadT0);
        _machine.GoTo(PrivilegeMode.Supervisor, Program);
        _machine.RunToIdle();
        Assert.Equal(5UL, _machine.Hart.Mcause);

        // Other domains' are not touched.
        ulong fills = _machine.Hart.Tlb.Fills[0];
        Permit(Data, 3);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Data, sdid: 7, fence: false);
        _machine.Map.DomainEpochs.Advance(5);
        AssertOutcome(LoadT0, PrivilegeMode.Supervisor, 0, Data, sdid: 7, fence: false);
        Assert.Equal(fills + 1, _machine.Hart.Tlb.Fills[0]);
    }

    [Fact]
    public void Faults_are_delegated_as_medeleg_says()
    {
        Permit(Data, 0);
        Under(_machine.Mmpt());
        _machine.Set(0x302, 1 << 5);
        _machine.Write(Program, LoadT0);
        _machine.GoTo(PrivilegeMode.Supervisor, Program);
        Assert.False(_machine.Step());
        Assert.Equal((PrivilegeMode.Supervisor, 5UL, Data), (_machine.Hart.Privilege, _machine.Hart.Scause, _machine.Hart.Stval));
    }

    [Fact]
    public void Older_tables_guard_the_same_accesses()
    {
        // The L2 root of Smmtt46 has 16 MiB: its entry for Base lies in RAM, below that.
        using SupervisorDomainTests test = new(new HartConfiguration { LegacyProtectionTables = true });
        TestMachine machine = test._machine;
        const ulong LegacyRoot = Base + 0x60_0000;
        machine.Write64(LegacyRoot + ((Data >> 25) * 8), (4UL << 44) | (Level1 >> 12));
        for (ulong i = 0; i < 512; i++)
        {
            machine.Write64(Level1 + (8 * i), 0x3333_3333_3333_3333);
        }

        ulong mttp = (1UL << 60) | (9UL << 54) | (LegacyRoot >> 12);
        machine.Set(Mmpt, mttp);
        Assert.Equal((mttp, 9u), (machine.Get(Mmpt), machine.Hart.Sdid));
        machine.Write(Program, LoadT0);
        machine.GoTo(PrivilegeMode.Supervisor, Program);
        Assert.True(machine.Step());
        machine.Write64(Level1 + (((Data >> 16) & 511) * 8), 0x3333_3333_3333_3330);
        machine.Hart.FenceDomain(null);
        machine.Hart.Pc = Program;
        Assert.False(machine.Step());
        Assert.Equal(5UL, machine.Hart.Mcause);
    }

    private static ulong Level0At(ulong address) => Level0 + (((address >> 16) & 511) * 8);

    // Pointers to 32 MiB of 4 KiB pages at Base, of which RAM has 8, all permitted.
    private void MakeTable(ulong root, ulong level1, ulong level0)
    {
        _machine.Write64(root + ((Base >> 34) * 8), MptEntry.PointerTo(level1));
        _machine.Write64(level1 + (((Base >> 25) & 511) * 8), MptEntry.PointerTo(level0));
        for (ulong i = 0; i < 128; i++)
        {
            _machine.Write64(level0 + (8 * i), MptEntry.Uniform(MptPermissions.All));
        }
    }

    private void Permit(ulong address, int tuple)
    {
        ulong at = Level0At(address);
        _machine.Write64(at, MptEntry.WithTuple(_machine.Read64(at), (int)(address >> 12) & 15, (MptPermissions)tuple));
    }

    private void Under(ulong mmpt, bool fence = true)
    {
        Back();
        _machine.Set(Mmpt, mmpt);
        if (fence)
        {
            _machine.Hart.FenceDomain(null);
        }
    }

    // To M-mode, from wherever the last instruction left the hart.
    private void Back()
    {
        if (_machine.Hart.Privilege != PrivilegeMode.Machine)
        {
            _machine.Hart.SetMode(PrivilegeMode.Machine, false);
        }
    }

    private void AssertOutcome(
        uint instruction, PrivilegeMode mode, int cause, ulong value, uint sdid = 0, bool isVirtual = false, bool fence = true, ulong root = Root)
    {
        Under(_machine.Mmpt(sdid, root), fence);
        _machine.Set(0x342, 0);
        _machine.Set(0x30A, _machine.Get(0x30A) | 0xF0); // cache-block instructions
        _machine.Set(0x10A, 0xF0);
        _machine.Write(Program, instruction);
        if (mode == PrivilegeMode.Machine)
        {
            _machine.Hart.Pc = Program;
        }
        else
        {
            _machine.GoTo(mode, Program, isVirtual);
        }

        bool executed = _machine.Step();
        Assert.True(cause == (executed ? 0 : (int)_machine.Hart.Mcause), $"{instruction:x8} in {mode}: expected {cause}, got {_machine.Hart.Mcause}");
        if (!executed)
        {
            Assert.Equal(value, _machine.Hart.Mtval);
        }

        Back();
    }
}

/// <summary>mmpt values of these tests.</summary>
internal static class SupervisorDomainMachine
{
    /// <summary>mmpt for Smmpt43.</summary>
    public static ulong Mmpt(this TestMachine machine, uint sdid = 0, ulong root = Base + 0x70_0000) => (1UL << 60) | ((ulong)sdid << 52) | (root >> 12);
}
