using CoveJit.Harts.Csrs;
using CoveJit.Harts.Traps;
using CoveJit.Memory.Translation;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Harts.Tests;

/// <summary>Trap entry and return, delegation, substitution of CSRs and interrupts with the hypervisor extension.</summary>
public sealed class VirtualTrapTests
{
    private const ulong VirtualHandler = Base + 0x5000;

    /// <summary>Mode, and whether medeleg and hedeleg delegate.</summary>
    public static TheoryData<PrivilegeMode, bool, bool, bool> Entries()
    {
        TheoryData<PrivilegeMode, bool, bool, bool> rows = [];
        for (int bits = 0; bits < 16; bits++)
        {
            rows.Add((bits & 1) != 0 ? PrivilegeMode.Supervisor : PrivilegeMode.User, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0);
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Entries))]
    public void A_breakpoint_goes_where_it_is_delegated_and_stacks_modes_there(PrivilegeMode mode, bool isVirtual, bool toSupervisor, bool toGuest)
    {
        using TestMachine machine = new();
        Hart hart = machine.Hart;
        machine.Write(Program, Asm.Ebreak);
        machine.Set(0x205, VirtualHandler);
        machine.Set(0x302, toSupervisor ? 8UL : 0);
        machine.Set(0x602, toGuest ? 8UL : 0);
        machine.Set(0x600, Hstatus.Spvp);
        machine.Set(0x200, Mstatus.Sie);
        machine.Set(0x643, 99);
        machine.Set(0x34B, 99);
        machine.GoTo(mode, Program, isVirtual);
        Assert.False(machine.Step());
        ulong spp = mode == PrivilegeMode.Supervisor ? 1UL : 0;
        if (!toSupervisor)
        {
            Assert.Equal((PrivilegeMode.Machine, false, MachineHandler), (hart.Privilege, hart.IsVirtual, hart.Pc));
            ulong mstatus = machine.Get(0x300);
            Assert.Equal((isVirtual, isVirtual, (ulong)mode), ((mstatus & Mstatus.Mpv) != 0, (mstatus & Mstatus.Gva) != 0, (mstatus >> 11) & 3));
            Assert.Equal((3UL, Program, 0UL, 0UL), (hart.Mcause, hart.Mtval, machine.Get(0x34B), machine.Get(0x34A)));
        }
        else if (!isVirtual || !toGuest)
        {
            Assert.Equal((PrivilegeMode.Supervisor, false, SupervisorHandler), (hart.Privilege, hart.IsVirtual, hart.Pc));
            ulong hstatus = machine.Get(0x600);
            Assert.Equal((isVirtual, isVirtual, spp), ((hstatus & Hstatus.Spv) != 0, (hstatus & Hstatus.Gva) != 0, (machine.Get(0x100) >> 8) & 1));
            Assert.Equal(isVirtual ? spp : 1, (hstatus >> 8) & 1); // SPVP changes with V = 1 only
            Assert.Equal((3UL, Program, Program, 0UL, 0UL), (hart.Scause, hart.Stval, hart.Sepc, machine.Get(0x643), machine.Get(0x64A)));
        }
        else
        {
            Assert.Equal((PrivilegeMode.Supervisor, true, VirtualHandler), (hart.Privilege, hart.IsVirtual, hart.Pc));
            Assert.Equal((3UL, Program, Program), (machine.Get(0x242), machine.Get(0x243), machine.Get(0x241)));
            Assert.Equal((spp << 8) | Mstatus.Spie | Mstatus.VirtualXl, machine.Get(0x200));
            Assert.Equal((0UL, 99UL), (hart.Scause, machine.Get(0x643)));
            Assert.Equal(Hstatus.Spvp | Hstatus.Vsxl, machine.Get(0x600));
        }
    }

    [Theory]
    [InlineData(PrivilegeMode.Supervisor, true, 10UL)]
    [InlineData(PrivilegeMode.User, true, 8UL)]
    [InlineData(PrivilegeMode.Supervisor, false, 9UL)]
    public void Environment_calls_of_guests_have_a_cause_of_their_own(PrivilegeMode mode, bool isVirtual, ulong cause)
    {
        using TestMachine machine = new();
        machine.Write(Program, Asm.Ecall);
        machine.GoTo(mode, Program, isVirtual);
        Assert.False(machine.Step());
        Assert.Equal((cause, 0UL), (machine.Hart.Mcause, machine.Get(0x300) & Mstatus.Gva));
    }

    [Theory]
    [InlineData(PrivilegeMode.Machine, true, false)]
    [InlineData(PrivilegeMode.Supervisor, true, true)]
    [InlineData(PrivilegeMode.User, true, true)]
    [InlineData(PrivilegeMode.User, false, false)]
    public void MRET_enters_the_mode_in_MPP_and_MPV(PrivilegeMode target, bool mpv, bool isVirtual)
    {
        using TestMachine machine = new();
        machine.Write(Program, Asm.Mret);
        machine.Set(0x300, ((ulong)target << 11) | (mpv ? Mstatus.Mpv : 0) | Mstatus.Mprv);
        machine.Set(0x341, Data);
        Assert.True(machine.Step());
        Assert.Equal((target, isVirtual, Data), (machine.Hart.Privilege, machine.Hart.IsVirtual, machine.Hart.Pc));
        Assert.Equal(Mstatus.Xl | Mstatus.Mpie | (target == PrivilegeMode.Machine ? Mstatus.Mprv : 0), machine.Get(0x300));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void SRET_in_HS_mode_enters_the_mode_in_SPP_and_SPV(bool spp, bool spv)
    {
        using TestMachine machine = new();
        machine.Write(Program, Asm.Sret);
        machine.Set(0x600, Hstatus.Spvp | (spv ? Hstatus.Spv : 0));
        machine.Set(0x141, Data);
        machine.Set(0x241, Data + 8);
        machine.GoTo(PrivilegeMode.Supervisor, Program);
        machine.Hart.WriteMstatus((spp ? Mstatus.Spp : 0) | Mstatus.Spie, Mstatus.Spp | Mstatus.Spie | Mstatus.Sie);
        Assert.True(machine.Step());
        Assert.Equal((spp ? PrivilegeMode.Supervisor : PrivilegeMode.User, spv, Data), (machine.Hart.Privilege, machine.Hart.IsVirtual, machine.Hart.Pc));
        Assert.Equal(Hstatus.Spvp | Hstatus.Vsxl, machine.Get(0x600)); // SPV is cleared, SPVP is not touched
    }

    [Fact]
    public void SRET_in_VS_mode_uses_vsstatus_and_vsepc_and_leaves_HS_alone()
    {
        using TestMachine machine = new();
        machine.Write(Program, Asm.Sret);
        machine.Set(0x600, Hstatus.Spv);
        machine.Set(0x141, Data);
        machine.Set(0x241, Data + 8);
        machine.Set(0x200, Mstatus.Spie);
        machine.GoTo(PrivilegeMode.Supervisor, Program, isVirtual: true);
        Assert.True(machine.Step());
        Assert.Equal((PrivilegeMode.User, true, Data + 8), (machine.Hart.Privilege, machine.Hart.IsVirtual, machine.Hart.Pc));
        Assert.Equal(Mstatus.Sie | Mstatus.Spie | Mstatus.VirtualXl, machine.Get(0x200));
        Assert.Equal(Hstatus.Spv | Hstatus.Vsxl, machine.Get(0x600));
    }

    // Supervisor number; those without a replica keep theirs.
    [Theory]
    [InlineData(0x100, 0x2UL, true)]
    [InlineData(0x105, 0x1234_5000UL, true)]
    [InlineData(0x140, 0x55UL, true)]
    [InlineData(0x141, 0x1234_5678UL, true)]
    [InlineData(0x142, 0x5UL, true)]
    [InlineData(0x143, 0x1234_5678UL, true)]
    [InlineData(0x180, 0x8000_0000_0000_1111, true)]
    [InlineData(0x106, 0x7UL, false)]
    public void A_guest_writes_the_replica_where_HS_mode_writes_the_register(int number, ulong value, bool hasReplica)
    {
        foreach (bool isVirtual in new[] { false, true })
        {
            using TestMachine machine = new();
            machine.Write(Program, Asm.Csrrs(0, (uint)number, 6));
            machine.Hart.WriteRegister(6, value);
            machine.GoTo(PrivilegeMode.Supervisor, Program, isVirtual);
            ulong before = machine.Get((uint)number);
            ulong replicaBefore = hasReplica ? machine.Get((uint)number + 0x100) : 0;
            Assert.True(machine.Step());
            bool toReplica = isVirtual && hasReplica;
            Assert.Equal(toReplica ? before : before | value, machine.Get((uint)number));
            Assert.Equal(toReplica ? replicaBefore | value : replicaBefore, hasReplica ? machine.Get((uint)number + 0x100) : 0);
        }
    }

    [Fact]
    public void A_guest_reads_time_plus_htimedelta()
    {
        using TestMachine machine = new();
        machine.Clock.Ticks = 1000;
        machine.Set(0x605, ulong.MaxValue - 99); // -100
        machine.Set(0x306, 2);
        machine.Set(0x606, 2);
        machine.Write(Program, Asm.Csrrs(5, 0xC01, 0));
        machine.GoTo(PrivilegeMode.Supervisor, Program, isVirtual: true);
        Assert.True(machine.Step());
        Assert.Equal(900UL, machine.Hart.ReadRegister(5));
    }

    [Fact]
    public unsafe void Floating_point_in_a_guest_makes_both_FS_fields_dirty_and_in_the_host_one()
    {
        const uint FaddD = 0x0200_7053;
        using TestMachine machine = new();
        machine.Write(Program, FaddD, Asm.Ecall);
        machine.Write(MachineHandler, FaddD);
        machine.Set(0x300, 0x2000);
        machine.Set(0x200, 0x2000);
        machine.GoTo(PrivilegeMode.User, Program);
        Assert.True(machine.Step());
        Assert.Equal((0x6000UL, 0x2000UL), (machine.Get(0x300) & Mstatus.Fs, machine.Get(0x200) & Mstatus.Fs));
        machine.Set(0x300, 0x2000);
        Assert.False(machine.Step());
        machine.GoTo(PrivilegeMode.User, Program, isVirtual: true);
        Assert.True(machine.Step());
        Assert.False(machine.Step()); // the trap to M-mode must not lose what the guest did
        Assert.Equal((0x6000UL, 0x8000_0000_0000_6000), (machine.Get(0x300) & Mstatus.Fs, machine.Get(0x200) & (Mstatus.Fs | Mstatus.Sd)));
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(6, 5)]
    [InlineData(10, 9)]
    public void Virtual_interrupts_go_to_HS_mode_or_translated_to_VS_mode(int code, int seen)
    {
        foreach (bool delegated in new[] { false, true })
        {
            using TestMachine machine = new();
            Hart hart = machine.Hart;
            machine.Set(0x205, VirtualHandler | 1);
            machine.Set(0x603, delegated ? 1UL << code : 0);
            machine.Set(0x604, 1UL << code);
            machine.GoTo(PrivilegeMode.User, Program, isVirtual: true);
            Assert.Equal(0UL, machine.Get(0x244));
            machine.Set(0x645, 1UL << code);
            Assert.Equal(1UL << code, hart.Mip);
            Assert.Equal(delegated ? (1UL << seen, 1UL << seen) : (0, 0), (machine.Get(0x244), machine.Get(0x204)));
            Assert.Equal(SliceEnd.Budget, hart.RunSlice(0));
            if (delegated)
            {
                Assert.Equal((PrivilegeMode.Supervisor, true, VirtualHandler + (4 * (ulong)seen)), (hart.Privilege, hart.IsVirtual, hart.Pc));
                Assert.Equal((1UL << 63) | (uint)seen, machine.Get(0x242));
            }
            else
            {
                Assert.Equal((PrivilegeMode.Supervisor, false, SupervisorHandler), (hart.Privilege, hart.IsVirtual, hart.Pc));
                Assert.Equal((1UL << 63) | (uint)code, hart.Scause);
            }
        }
    }

    [Fact]
    public void Delegated_virtual_interrupts_wait_for_the_guest_to_run_and_to_enable_them()
    {
        using TestMachine machine = new();
        Hart hart = machine.Hart;
        machine.Write(Program, 0x0000_006F); // j .
        machine.Set(0x205, VirtualHandler);
        machine.Set(0x603, 4);
        machine.Set(0x604, 4);
        machine.Set(0x645, 4);
        machine.GoTo(PrivilegeMode.User, Program); // V = 0: not even in U-mode
        Assert.Equal(SliceEnd.Budget, hart.RunSlice(2));
        Assert.Equal((PrivilegeMode.User, Program), (hart.Privilege, hart.Pc));

        using TestMachine guest = new();
        hart = guest.Hart;
        guest.Write(Program, 0x0000_006F);
        guest.Set(0x205, VirtualHandler);
        guest.Set(0x603, 4);
        guest.Set(0x604, 4);
        guest.Set(0x645, 4);
        guest.Hart.WriteMstatus(Mstatus.Sie, Mstatus.Sie); // the host's enable is not the guest's
        guest.GoTo(PrivilegeMode.Supervisor, Program, isVirtual: true);
        Assert.Equal(SliceEnd.Budget, hart.RunSlice(2));
        Assert.Equal(Program, hart.Pc);
        guest.Set(0x200, Mstatus.Sie);
        Assert.Equal(SliceEnd.Budget, hart.RunSlice(0));
        Assert.Equal((VirtualHandler, true), (hart.Pc, hart.IsVirtual));
    }

    [Fact]
    public void HS_mode_interrupts_a_guest_whatever_sstatus_SIE_says_and_comes_before_the_guests_own()
    {
        using TestMachine machine = new();
        machine.Set(0x303, 0x222);
        machine.Set(0x603, 0x444);
        machine.Set(0x304, 0x20 | 0x400);
        machine.Set(0x200, Mstatus.Sie);
        machine.Set(0x645, 0x400);
        machine.Set(0x344, 0x20);
        machine.GoTo(PrivilegeMode.Supervisor, Program, isVirtual: true);
        Assert.Equal(SliceEnd.Budget, machine.Hart.RunSlice(0));
        Assert.Equal((SupervisorHandler, (1UL << 63) | 5, false), (machine.Hart.Pc, machine.Hart.Scause, machine.Hart.IsVirtual));
        Assert.Equal((0UL, 0UL), (machine.Get(0x643), machine.Get(0x64A)));
    }

    [Fact]
    public void Guest_external_wires_reach_VSEIP_by_VGEIN_and_SGEIP_by_hgeie()
    {
        using TestMachine machine = new();
        machine.Hart.SetGuestExternal(3, true);
        Assert.Equal((8UL, 0UL), (machine.Get(0xE12), machine.Hart.Mip));
        machine.Set(0x600, 3UL << 12);
        Assert.Equal(0x400UL, machine.Get(0x644));
        machine.Set(0x600, 2UL << 12);
        Assert.Equal(0UL, machine.Get(0x644));
        machine.Set(0x607, 0xFF);
        Assert.Equal(0x1000UL, machine.Get(0x644));
        machine.Set(0x644, 0); // read-only there
        Assert.Equal(0x1000UL, machine.Hart.Mip);
        machine.Set(0x604, 0x1000);
        machine.GoTo(PrivilegeMode.User, Program);
        Assert.Equal(SliceEnd.Budget, machine.Hart.RunSlice(0));
        Assert.Equal((1UL << 63) | 12, machine.Hart.Scause);
        machine.Hart.GuestExternalLine(3).Set(false);
        Assert.Equal(0UL, machine.Hart.Mip);
        Assert.Throws<ArgumentOutOfRangeException>(() => machine.Hart.SetGuestExternal(0, true));
        Assert.Throws<ArgumentOutOfRangeException>(() => machine.Hart.SetGuestExternal(8, true));
    }

    [Fact]
    public void VSTIP_is_that_of_hvip_or_of_vstimecmp_against_the_guests_time()
    {
        const ulong Stce = 1UL << 63;
        using TestMachine machine = new();
        machine.Clock.Ticks = 1000;
        machine.Set(0x605, ulong.MaxValue - 499); // the guest's time is 500
        machine.Set(0x24D, 500);
        Assert.Equal(0UL, machine.Hart.Mip); // henvcfg.STCE is clear
        machine.Set(0x30A, Stce);
        machine.Set(0x60A, Stce);
        Assert.Equal(0x40UL, machine.Hart.Mip);
        machine.Set(0x24D, 501);
        Assert.Equal((0UL, 1001UL), (machine.Hart.Mip, machine.Hart.NextDeadline));
        machine.Set(0x24D, ulong.MaxValue);
        Assert.True(machine.Hart.NextDeadline > ulong.MaxValue / 2);
        machine.Set(0x645, 0x40);
        Assert.Equal(0x40UL, machine.Hart.Mip);
        machine.Set(0x645, 0);
        machine.Set(0x605, 0);
        machine.Set(0x24D, 1000);
        Assert.Equal(0x40UL, machine.Get(0x644));
        machine.Set(0x30A, 0); // closes henvcfg.STCE as well
        Assert.Equal((0UL, 0UL), (machine.Hart.Mip, machine.Get(0x60A)));
    }

    [Fact]
    public void A_write_of_sip_or_sie_by_a_guest_reaches_what_hideleg_gives_it()
    {
        using TestMachine machine = new();
        machine.Set(0x603, 0x404);
        machine.Set(0x204, ulong.MaxValue);
        Assert.Equal((0x202UL, 0x404UL, 0UL), (machine.Get(0x204), machine.Get(0x604), machine.Get(0x104)));
        machine.Set(0x244, ulong.MaxValue); // only SSIP is writable
        Assert.Equal((0x2UL, 0x4UL), (machine.Get(0x244), machine.Get(0x645)));
        machine.Set(0x603, 0x400);
        machine.Set(0x244, 0);
        Assert.Equal((0UL, 0x4UL), (machine.Get(0x244), machine.Get(0x645)));
    }

    [Fact]
    public void A_world_switch_selects_other_TLB_banks_and_flushes_nothing()
    {
        using TestMachine machine = new();
        machine.Write(Program, Asm.Load(8, 5, 10, 0), Asm.Ecall);
        machine.Hart.WriteRegister(10, Data);
        for (int round = 0; round < 3; round++)
        {
            foreach (bool isVirtual in new[] { false, true })
            {
                ulong fills = machine.Hart.Tlb.Fills[0];
                machine.GoTo(PrivilegeMode.Supervisor, Program, isVirtual);
                Assert.True(machine.Step());
                Assert.Equal(round == 0 ? 1UL : 0, machine.Hart.Tlb.Fills[0] - fills);
                Assert.False(machine.Step());
            }
        }
    }

    [Fact]
    public void Counters_filter_by_virtual_modes()
    {
        const ulong Instructions = (ulong)Timing.HartEvent.Instructions;
        foreach ((ulong inhibit, ulong guest, ulong host) in new[] { (0UL, 1UL, 1UL), (1UL << 59, 0UL, 1UL), (1UL << 61, 1UL, 0UL), (1UL << 58, 1UL, 1UL) })
        {
            using TestMachine machine = new();
            machine.Write(Program, Asm.Nop, Asm.Ecall);
            foreach ((bool isVirtual, ulong expected) in new[] { (true, guest), (false, host) })
            {
                machine.Set(0x323, Instructions | inhibit | (1UL << 62)); // not in M-mode, where this test acts
                machine.GoTo(PrivilegeMode.Supervisor, Program, isVirtual);
                machine.Set(0xB03, 0);
                ulong before = machine.Get(0xB03);
                Assert.True(machine.Step());
                Assert.Equal(expected, Math.Min(1, machine.Get(0xB03) - before));
                Assert.False(machine.Step());
            }
        }
    }
}
