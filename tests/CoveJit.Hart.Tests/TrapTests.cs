using CoveJit.Harts.Csrs;
using CoveJit.Harts.State;
using CoveJit.Harts.Traps;
using CoveJit.Memory.Translation;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Harts.Tests;

public sealed class TrapTests
{
    public static TheoryData<PrivilegeMode, bool, bool, bool, bool> Entries()
    {
        TheoryData<PrivilegeMode, bool, bool, bool, bool> rows = [];
        foreach (PrivilegeMode mode in new[] { PrivilegeMode.User, PrivilegeMode.Supervisor, PrivilegeMode.Machine })
        {
            for (int bits = 0; bits < 16; bits++)
            {
                rows.Add(mode, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0);
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Entries))]
    public void Trap_entry(PrivilegeMode mode, bool delegated, bool interrupt, bool vectored, bool enabled)
    {
        using TestMachine machine = new();
        Hart hart = machine.Hart;
        uint illegal = Asm.Csrrs(5, 0x5C0, 0); // no such register
        machine.Write(Program, illegal);
        machine.Set(0x305, MachineHandler | (vectored ? 1UL : 0));
        machine.Set(0x105, SupervisorHandler | (vectored ? 1UL : 0));
        machine.Set(interrupt ? 0x303u : 0x302u, delegated ? (interrupt ? 2UL : 4) : 0);
        machine.GoTo(mode, Program);
        hart.WriteMstatus(enabled ? ulong.MaxValue : 0, Mstatus.Sie | Mstatus.Mie);
        ulong before = machine.Get(0x300);
        if (interrupt)
        {
            machine.Set(0x304, 2);
            hart.SetSoftwarePending(1, true);
            Assert.Equal(SliceEnd.Budget, hart.RunSlice(0));
        }
        else
        {
            hart.Step();
        }

        bool supervisor = delegated && mode != PrivilegeMode.Machine;
        bool taken = !interrupt
            || (mode == PrivilegeMode.Machine ? enabled && !delegated : !supervisor || mode == PrivilegeMode.User || enabled);
        if (!taken)
        {
            Assert.Equal(Program, hart.Pc);
            Assert.Equal(mode, hart.Privilege);
            Assert.Equal(before, machine.Get(0x300));
            return;
        }

        ulong cause = interrupt ? (1UL << 63) | 1 : 2;
        ulong value = interrupt ? 0 : illegal;
        ulong offset = interrupt && vectored ? 4UL : 0;
        ulong ie = enabled ? 1UL : 0;
        if (supervisor)
        {
            Assert.Equal(PrivilegeMode.Supervisor, hart.Privilege);
            Assert.Equal((Program, cause, value, SupervisorHandler + offset), (hart.Sepc, hart.Scause, hart.Stval, hart.Pc));
            ulong expected = (before & ~(Mstatus.Sie | Mstatus.Spie | Mstatus.Spp)) | (ie << 5) | (mode == PrivilegeMode.Supervisor ? Mstatus.Spp : 0);
            Assert.Equal(expected, machine.Get(0x300));
            Assert.Equal(0UL, hart.Mcause);
        }
        else
        {
            Assert.Equal(PrivilegeMode.Machine, hart.Privilege);
            Assert.Equal((Program, cause, value, MachineHandler + offset), (hart.Mepc, hart.Mcause, hart.Mtval, hart.Pc));
            ulong expected = (before & ~(Mstatus.Mie | Mstatus.Mpie | Mstatus.Mpp)) | (ie << 7) | ((ulong)mode << 11);
            Assert.Equal(expected, machine.Get(0x300));
            Assert.Equal(0UL, hart.Scause);
        }
    }

    [Theory]
    [InlineData(PrivilegeMode.User, 8UL)]
    [InlineData(PrivilegeMode.Supervisor, 9UL)]
    [InlineData(PrivilegeMode.Machine, 11UL)]
    public void Environment_calls_name_their_mode_and_do_not_retire(PrivilegeMode mode, ulong cause)
    {
        using TestMachine machine = new();
        machine.Write(Program, Asm.Nop, Asm.Ecall);
        machine.GoTo(mode, Program);
        ulong before = Retired(machine.Hart);
        Assert.True(machine.Step());
        Assert.False(machine.Step());
        Assert.Equal(before + 1, Retired(machine.Hart));
        Assert.Equal((cause, 0UL, Program + 4), (machine.Hart.Mcause, machine.Hart.Mtval, machine.Hart.Mepc));
    }

    [Theory]
    [InlineData(PrivilegeMode.User, false)]
    [InlineData(PrivilegeMode.User, true)]
    [InlineData(PrivilegeMode.Supervisor, false)]
    [InlineData(PrivilegeMode.Supervisor, true)]
    [InlineData(PrivilegeMode.Machine, false)]
    [InlineData(PrivilegeMode.Machine, true)]
    public void MRET_restores_mode_and_enable_and_clears_MPRV_below_machine(PrivilegeMode target, bool enable)
    {
        using TestMachine machine = new();
        machine.Write(Program, Asm.Mret);
        machine.Hart.WriteMstatus(((ulong)target << 11) | (enable ? Mstatus.Mpie : Mstatus.Mie) | Mstatus.Mprv, Mstatus.Writable);
        machine.Set(0x341, Data);
        Assert.True(machine.Step());
        Assert.Equal((target, Data), (machine.Hart.Privilege, machine.Hart.Pc));
        ulong expected = Mstatus.Xl | Mstatus.Mpie | (enable ? Mstatus.Mie : 0) | (target == PrivilegeMode.Machine ? Mstatus.Mprv : 0);
        Assert.Equal(expected, machine.Get(0x300));
    }

    [Theory]
    [InlineData(PrivilegeMode.Supervisor, false, false)]
    [InlineData(PrivilegeMode.Supervisor, true, true)]
    [InlineData(PrivilegeMode.Machine, false, true)]
    [InlineData(PrivilegeMode.Machine, true, false)]
    public void SRET_restores_mode_and_enable_and_clears_MPRV(PrivilegeMode from, bool toSupervisor, bool enable)
    {
        using TestMachine machine = new();
        machine.Write(Program, Asm.Sret);
        machine.GoTo(from, Program);
        machine.Hart.WriteMstatus((toSupervisor ? Mstatus.Spp : 0) | (enable ? Mstatus.Spie : Mstatus.Sie) | Mstatus.Mprv, Mstatus.Writable);
        machine.Set(0x141, Data);
        Assert.True(machine.Step());
        Assert.Equal((toSupervisor ? PrivilegeMode.Supervisor : PrivilegeMode.User, Data), (machine.Hart.Privilege, machine.Hart.Pc));
        Assert.Equal(Mstatus.Xl | Mstatus.Spie | (enable ? Mstatus.Sie : 0), machine.Get(0x300));
    }

    [Fact]
    public void Pending_interrupts_are_taken_in_the_order_of_their_priority()
    {
        using TestMachine machine = new();
        Hart hart = machine.Hart;
        hart.Compare = 0;
        foreach (int line in new[] { 3, 9, 11 })
        {
            hart.SetLine(line, true);
        }

        foreach (int code in new[] { 1, 5, 13 })
        {
            hart.SetSoftwarePending(code, true);
        }

        machine.Set(0x304, 0x2AAA);
        List<ulong> order = [];
        for (int i = 0; i < 8; i++)
        {
            ulong before = hart.Mcause;
            hart.WriteMstatus(Mstatus.Mie, Mstatus.Mie);
            hart.Pc = Program;
            hart.RunSlice(0);
            if (hart.Pc == Program)
            {
                break;
            }

            int code = (int)(hart.Mcause & 63);
            order.Add((ulong)code);
            machine.Set(0x304, hart.Mie & ~(1UL << code));
        }

        Assert.Equal([11UL, 3, 7, 9, 1, 5, 13], order);
    }

    [Fact]
    public void A_machine_interrupt_goes_before_a_delegated_one_of_higher_number()
    {
        using TestMachine machine = new();
        machine.Set(0x303, 0x200);
        machine.Set(0x304, 0x2AAA);
        machine.GoTo(PrivilegeMode.User, Program);
        machine.Hart.SetLine(9, true);
        machine.Hart.SetLine(3, true);
        machine.Hart.RunSlice(0);
        Assert.Equal((PrivilegeMode.Machine, (1UL << 63) | 3), (machine.Hart.Privilege, machine.Hart.Mcause));
    }

    [Fact]
    public void A_masked_interrupt_waits_for_its_enable_written_by_the_guest()
    {
        using TestMachine machine = new();
        Hart hart = machine.Hart;
        hart.SetLine(3, true);
        machine.Write(Program, Asm.Nop, Asm.Csrrs(0, 0x304, 6), Asm.Nop, Asm.Csrrs(0, 0x300, 6), Asm.Nop, Asm.Ecall);
        hart.WriteRegister(6, 8); // mie.MSIE, then mstatus.MIE
        hart.RunSlice(100);
        Assert.Equal(((1UL << 63) | 3, Program + 16), (hart.Mcause, hart.Mepc));
    }

    [Fact]
    public void An_interrupt_that_comes_together_with_a_stop_is_not_lost()
    {
        using TestMachine machine = new();
        Hart hart = machine.Hart;
        machine.Set(0x304, 8);
        hart.WriteMstatus(Mstatus.Mie, Mstatus.Mie);
        hart.RunSlice(0);
        hart.SetLine(3, true);
        hart.RaiseAttention(Attention.Stop);
        Assert.Equal(SliceEnd.Stopped, hart.RunSlice(0));
        hart.RunSlice(0);
        Assert.Equal((1UL << 63) | 3, hart.Mcause);
    }

    [Fact]
    public void WFI_idles_until_an_enabled_interrupt_is_pending_even_if_it_is_not_taken()
    {
        using TestMachine machine = new();
        Hart hart = machine.Hart;
        machine.Write(Program, Asm.Wfi, Asm.Addi(5, 5, 1), Asm.Ecall);
        machine.RunToIdle();
        Assert.Equal(Program + 4, hart.Pc);
        hart.SetLine(11, true); // pending, not enabled in mie
        machine.RunToIdle();
        Assert.Equal(0UL, hart.ReadRegister(5));
        machine.Set(0x304, 8);
        hart.SetLine(3, true); // enabled in mie, MIE clear
        hart.RunSlice(2);
        Assert.Equal(1UL, hart.ReadRegister(5));
        Assert.Equal(11UL, hart.Mcause); // the ecall: no interrupt was taken
    }

    [Fact]
    public void A_WFI_ended_by_a_taken_interrupt_returns_behind_it()
    {
        using TestMachine machine = new();
        Hart hart = machine.Hart;
        machine.Write(Program, Asm.Wfi);
        machine.Set(0x304, 8);
        hart.WriteMstatus(Mstatus.Mie, Mstatus.Mie);
        machine.RunToIdle();
        hart.SetLine(3, true);
        hart.RunSlice(0);
        Assert.Equal(((1UL << 63) | 3, Program + 4), (hart.Mcause, hart.Mepc));
    }

    [Fact]
    public void The_timers_raise_MTIP_and_STIP_and_drop_them_when_moved()
    {
        using TestMachine machine = new();
        Hart hart = machine.Hart;
        machine.Set(0x30A, 1UL << 63);
        hart.Compare = 50;
        machine.Set(0x14D, 60);
        Assert.Equal(50UL, hart.NextDeadline);
        machine.Clock.Ticks = 50;
        hart.RunSlice(0);
        Assert.Equal((0x80UL, 60UL), (hart.Mip, hart.NextDeadline));
        machine.Clock.Ticks = 60;
        hart.RunSlice(0);
        Assert.Equal((0xA0UL, ulong.MaxValue), (hart.Mip, hart.NextDeadline));
        hart.Compare = 61;
        machine.Set(0x14D, 61);
        Assert.Equal((0UL, 61UL), (hart.Mip, hart.NextDeadline));
    }

    [Fact]
    public void A_fault_in_the_middle_of_a_block_has_exact_state()
    {
        for (int k = 0; k <= 30; k++)
        {
            using TestMachine machine = new();
            Hart hart = machine.Hart;
            List<uint> code = [.. Enumerable.Range(0, k).Select(_ => Asm.Addi(5, 5, 1)), Asm.Load(4, 5, 6, 0), .. Enumerable.Repeat(Asm.Addi(5, 5, 100), 5), Asm.Ecall];
            machine.Write(Program, [.. code]);
            hart.WriteRegister(6, 0x123); // nothing is there
            machine.RunToIdle();
            Assert.Equal((5UL, Program + (4 * (ulong)k), 0x123UL, (ulong)k), (hart.Mcause, hart.Mepc, hart.Mtval, hart.ReadRegister(5)));
            Assert.Equal((ulong)k + 1, Retired(hart)); // and the handler's WFI
        }
    }

    [Fact]
    public void A_managed_service_sees_the_trap_and_may_resume_or_decline()
    {
        using TestMachine machine = new();
        Service service = new();
        machine.Hart.MachineService = service;
        machine.Write(Program, Asm.Ecall, Asm.Ebreak);
        machine.GoTo(PrivilegeMode.Supervisor, Program);
        machine.Hart.RunSlice(1);
        Assert.Equal([(9u, Program), (3u, Program + 4)], service.Seen);
        Assert.Equal((3UL, PrivilegeMode.Machine), (machine.Hart.Mcause, machine.Hart.Privilege));
    }

    private static unsafe ulong Retired(Hart hart) => hart.State->InstructionsRetired;

    private sealed class Service : ITrapService
    {
        public List<(uint, ulong)> Seen { get; } = [];

        public TrapAction Handle(Hart hart, in Trap trap)
        {
            Seen.Add((trap.Cause, hart.Pc));
            if (trap.Cause == 3)
            {
                return TrapAction.Vector;
            }

            hart.Pc += 4;
            return TrapAction.Resume;
        }
    }
}
