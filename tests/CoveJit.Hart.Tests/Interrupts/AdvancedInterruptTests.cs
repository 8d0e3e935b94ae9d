using CoveJit.Harts.Csrs;
using CoveJit.Harts.Interrupts;
using CoveJit.Harts.Traps;
using CoveJit.Memory.Translation;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Harts.Tests.Interrupts;

/// <summary>CSRs and interrupts of the AIA at machine and supervisor level.</summary>
public sealed class AdvancedInterruptTests : IDisposable
{
    private const uint Siselect = 0x150, Sireg = 0x151, Stopei = 0x15C, Stopi = 0xDB0;
    private const uint Miselect = 0x350, Mireg = 0x351, Mtopei = 0x35C, Mtopi = 0xFB0;
    private const uint Mvien = 0x308, Mvip = 0x309, Mideleg = 0x303, Mie = 0x304, Mip = 0x344, Sie = 0x104, Sip = 0x144;
    private const uint Mstateen0 = 0x30C, Menvcfg = 0x30A;
    private const ulong Ones = ulong.MaxValue;
    private const ulong Ssi = 1 << 1, Sti = 1 << 5, Sei = 1 << 9, Lcofi = 1 << 13;

    private static readonly HartConfiguration WithImsic = new() { AdvancedInterrupts = true, InterruptIdentities = 255 };
    private static readonly HartConfiguration WithoutImsic = new() { AdvancedInterrupts = true, GuestExternalInterrupts = 0 };

    private readonly TestMachine _machine = new(configuration: WithImsic);

    private Hart Hart => _machine.Hart;

    public void Dispose() => _machine.Dispose();

    // Number, written, read back.
    [Theory]
    [InlineData(Miselect, Ones, 0xFFFUL)]
    [InlineData(Siselect, Ones, 0xFFFUL)]
    [InlineData(Mvien, Ones, Ssi | Sei | Lcofi)]
    [InlineData(Mvip, Ones, Ssi | Sti | Sei | Lcofi)]
    [InlineData(Mstateen0, Ones, 0xDC00_0000_0000_0000)]
    [InlineData(Mtopei, Ones, 0UL)]
    [InlineData(Stopei, Ones, 0UL)]
    public void WARL(uint number, ulong written, ulong read)
    {
        _machine.Set(number, written);
        Assert.Equal(read, _machine.Get(number));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void What_the_configuration_does_not_have_is_illegal(bool advanced, bool imsic)
    {
        using TestMachine machine = new(configuration: new HartConfiguration { AdvancedInterrupts = advanced, InterruptIdentities = 255 * (imsic ? 1 : 0) });
        foreach ((uint number, bool exists) in new[]
        {
            (Miselect, advanced), (Siselect, advanced), (Mvien, advanced), (Mvip, advanced), (Mtopi, advanced), (Stopi, advanced), (Mtopei, imsic), (Stopei, imsic),
            (0x352u, false), (0x357u, false), (0x152u, false), (0x157u, false),
        })
        {
            Assert.True(exists == Reads(machine, number, PrivilegeMode.Machine), $"0x{number:x3}");
        }
    }

    [Fact]
    public void Indirect_registers_exist_at_even_select_values()
    {
        for (uint select = 0; select <= 0x1FF; select++)
        {
            bool exists = select is >= 0x30 and <= 0x3F ? select % 2 == 0 : select is >= 0x70 and <= 0xFF && (select < 0x80 || select % 2 == 0);
            foreach ((uint selector, uint register) in new[] { (Miselect, Mireg), (Siselect, Sireg) })
            {
                _machine.Prepare(Hart);
                _machine.Set(selector, select);
                Assert.True(exists == Reads(_machine, register, PrivilegeMode.Machine), $"0x{register:x3} at 0x{select:x}");
            }
        }
    }

    [Fact]
    public void Without_an_IMSIC_there_are_only_priorities_and_they_are_read_only_zero()
    {
        using TestMachine machine = new(configuration: WithoutImsic);
        machine.Set(Miselect, 0x70);
        Assert.False(Reads(machine, Mireg, PrivilegeMode.Machine));
        machine.Prepare(machine.Hart);
        machine.Set(Mideleg, Ones);
        foreach ((uint selector, uint register) in new[] { (Miselect, Mireg), (Siselect, Sireg) })
        {
            machine.Set(selector, 0x30);
            machine.Set(register, Ones);
            Assert.Equal(0UL, machine.Get(register));
        }

        machine.Hart.SetLine(InterruptCode.SupervisorExternal, true);
        machine.Set(Mie, Sei);
        Assert.Equal((9UL << 16) | 1, machine.Get(Stopi));
    }

    [Fact]
    public void Files_of_the_two_levels_are_separate_and_raise_their_external_interrupts()
    {
        Select(Siselect, Sireg, 0x70, 1);
        Select(Siselect, Sireg, 0xC0, 1 << 5);
        Hart.SupervisorFile!.Signal(5);
        Assert.Equal(Sei, Hart.Mip);
        Assert.Equal(0x0005_0005UL, _machine.Get(Stopei));
        Assert.Equal(0UL, _machine.Get(Mtopei));
        Select(Miselect, Mireg, 0x70, 1);
        Select(Miselect, Mireg, 0xC2, 1);
        Hart.MachineFile!.Signal(64);
        Assert.Equal(Sei | (1 << 11), Hart.Mip);
        Assert.Equal(0x0040_0040UL, _machine.Get(Mtopei));
        _machine.Set(Mtopei, 0);
        Assert.Equal(Sei, Hart.Mip);
    }

    [Fact]
    public void CSRRW_of_stopei_claims_what_it_returns()
    {
        Select(Siselect, Sireg, 0x70, 1);
        Select(Siselect, Sireg, 0xC0, 0xFE);
        Hart.SupervisorFile!.Signal(7);
        Hart.SupervisorFile.Signal(3);
        _machine.Write(Program, Asm.Csrrw(5, Stopei, 0), Asm.Csrrs(6, Stopei, 0), Asm.Csrrc(7, Stopei, 1), Asm.Csrrs(8, Stopei, 0));
        Hart.WriteRegister(1, 1);
        for (int i = 0; i < 4; i++)
        {
            Assert.True(_machine.Step());
        }

        Assert.Equal(
            [0x0003_0003UL, 0x0007_0007UL, 0x0007_0007UL, 0UL], Enumerable.Range(5, 4).Select(Hart.ReadRegister)); // CSRRS with x0 does not claim
        Assert.Equal(0UL, Hart.Mip);
    }

    [Theory]
    [InlineData(Siselect, 60, 0x30u)]
    [InlineData(Sireg, 60, 0x30u)]
    [InlineData(Sireg, 59, 0x30u)]
    [InlineData(Sireg, 60, 0x70u)]
    [InlineData(Sireg, 58, 0x70u)]
    [InlineData(Stopi, 59, 0u)]
    [InlineData(Stopei, 58, 0u)]
    public void mstateen0_gates_supervisor_mode(uint number, int bit, uint select)
    {
        foreach (bool open in new[] { true, false })
        {
            _machine.Prepare(Hart);
            _machine.Set(Siselect, select);
            _machine.Set(Mstateen0, open ? 1UL << bit | 7UL << 58 : Ones & ~(1UL << bit));
            Assert.Equal(open, Reads(_machine, number, PrivilegeMode.Supervisor));
            _machine.Prepare(Hart);
            _machine.Set(Siselect, select);
            _machine.Set(Mstateen0, 0);
            Assert.True(Reads(_machine, number, PrivilegeMode.Machine));
        }
    }

    [Fact]
    public void mvien_takes_the_supervisor_file_from_supervisor_mode()
    {
        foreach ((uint number, uint select, bool permitted) in new[] { (Stopei, 0u, false), (Sireg, 0x70u, false), (Sireg, 0xC0u, false), (Sireg, 0x30u, true), (Stopi, 0u, true) })
        {
            _machine.Prepare(Hart);
            Hart.EnableAllState();
            _machine.Set(Siselect, select);
            _machine.Set(Mvien, Sei);
            Assert.Equal(permitted, Reads(_machine, number, PrivilegeMode.Supervisor));
        }

        _machine.Prepare(Hart);
        _machine.Set(Mvien, Sei);
        Assert.True(Reads(_machine, Stopei, PrivilegeMode.Machine));
    }

    [Fact]
    public void mvip_shows_what_software_wrote_to_mip_until_mvien_separates_them()
    {
        _machine.Set(Mip, Ssi | Sti | Sei);
        Assert.Equal(Ssi | Sti | Sei, _machine.Get(Mvip));
        _machine.Set(Menvcfg, 1UL << 63); // STCE: STIP is not writable in mip
        Assert.Equal(Ssi | Sei, _machine.Get(Mvip));
        Hart.SetLine(InterruptCode.SupervisorExternal, true);
        _machine.Set(Mvip, 0);
        Assert.Equal(Sei, Hart.Mip); // the controller's signal alone
        Assert.Equal(0UL, _machine.Get(Mvip));
        _machine.Set(Mvien, Ssi | Sei);
        _machine.Set(Mvip, Ssi | Sei);
        Hart.SetLine(InterruptCode.SupervisorExternal, false);
        Assert.Equal(0UL, Hart.Mip);
        Assert.Equal(Ssi | Sei, _machine.Get(Mvip));
        _machine.Set(Mip, Ssi | Sei);
        Assert.Equal(Ssi, Hart.Mip); // SEIP is read-only now
        _machine.Set(Mvip, 0);
        Assert.Equal(Ssi, Hart.Mip);
    }

    // mideleg, mvien; what shows of mip = SSIP, LCOFIP and mvip = SSIP, SEIP, LCOFIP.
    [Theory]
    [InlineData(0UL, 0UL, 0UL, 0UL)]
    [InlineData(Ssi | Sei | Lcofi, 0UL, Ssi | Sei | Lcofi, Ssi | Sei | Lcofi)]
    [InlineData(0UL, Ssi | Sei | Lcofi, Ssi | Sei | Lcofi, Ssi | Sei | Lcofi)]
    [InlineData(Lcofi, Sei, Sei | Lcofi, Sei | Lcofi)]
    public void sip_and_sie_show_what_is_delegated_or_filtered(ulong mideleg, ulong mvien, ulong sip, ulong sie)
    {
        _machine.Set(Mideleg, mideleg);
        _machine.Set(Mvien, mvien);
        _machine.Set(Mip, Ssi | Sei | Lcofi);
        _machine.Set(Mvip, Ssi | Sei | Lcofi);
        Assert.Equal(sip, _machine.Get(Sip));
        _machine.Set(Sie, Ones);
        Assert.Equal(sie, _machine.Get(Sie));
        Assert.Equal(sie & mideleg, _machine.Get(Mie));
        _machine.Set(Sip, 0);
        Assert.Equal(sip & Sei, _machine.Get(Sip)); // SEIP is read-only in sip
        Assert.Equal((Ssi | Lcofi) & ~mideleg, Hart.Mip & (Ssi | Lcofi)); // a filtered one is mvip's
        _machine.Set(Sie, 0);
        Assert.Equal(0UL, _machine.Get(Sie));
    }

    [Fact]
    public void A_filtered_interrupt_traps_to_machine_mode_from_mip_and_to_supervisor_mode_from_mvip()
    {
        _machine.Set(Mvien, Lcofi);
        _machine.Set(Sie, Lcofi);
        _machine.Set(Mvip, Lcofi);
        Assert.Equal(0UL, _machine.Get(Mtopi));
        Assert.Equal((13UL << 16) | 255, _machine.Get(Stopi));
        RunFrom(PrivilegeMode.Supervisor, Mstatus.Sie);
        Assert.Equal(0x8000_0000_0000_000DUL, Hart.Scause);
        Assert.Equal(PrivilegeMode.Supervisor, Hart.Privilege);

        _machine.Prepare(Hart);
        _machine.Set(Mvien, Lcofi);
        _machine.Set(Mie, Lcofi);
        _machine.Set(Mip, Lcofi);
        Assert.Equal(0UL, _machine.Get(Stopi));
        Assert.Equal((13UL << 16) | 255, _machine.Get(Mtopi));
        RunFrom(PrivilegeMode.Supervisor, Mstatus.Sie);
        Assert.Equal(0x8000_0000_0000_000DUL, Hart.Mcause);
        Assert.Equal(PrivilegeMode.Machine, Hart.Privilege);
    }

    [Fact]
    public void WFI_ends_for_an_interrupt_that_is_in_mvip_alone()
    {
        _machine.Set(Mvien, Ssi);
        _machine.Set(Sie, Ssi);
        _machine.Write(Program, Asm.Wfi, Asm.Nop, Asm.Ecall);
        Hart.Pc = Program;
        Assert.Equal(SliceEnd.Idle, Hart.RunSlice(100));
        Assert.Equal(Program + 4, Hart.Pc);
        _machine.Set(Mvip, Ssi);
        Hart.RunSlice(2);
        Assert.NotEqual(Program + 4, Hart.Pc);
    }

    [Fact]
    public void Priorities_decide_which_interrupt_is_taken()
    {
        _machine.Set(Mideleg, Ones);
        _machine.Set(Mie, Sei | Ssi | Sti);
        Select(Siselect, Sireg, 0x70, 1);
        Select(Siselect, Sireg, 0xC0, 1 << 20);
        Hart.SupervisorFile!.Signal(20);
        _machine.Set(Mip, Ssi | Sti);
        Assert.Equal((9UL << 16) | 20, _machine.Get(Stopi));
        Select(Siselect, Sireg, 0x30, 19UL << 40); // the timer's, in byte 5
        Assert.Equal((5UL << 16) | 19, _machine.Get(Stopi));
        RunFrom(PrivilegeMode.Supervisor, Mstatus.Sie);
        Assert.Equal(0x8000_0000_0000_0005UL, Hart.Scause);
    }

    [Fact]
    public void An_external_interrupt_without_the_controllers_doing_has_number_256()
    {
        _machine.Set(Mideleg, Ones);
        _machine.Set(Mie, Sei | Ssi);
        _machine.Set(Mip, Sei | Ssi);
        Assert.Equal((9UL << 16) | 255, _machine.Get(Stopi));
        Select(Siselect, Sireg, 0x30, 255UL << 8);
        Assert.Equal((1UL << 16) | 255, _machine.Get(Stopi));
        Hart.SupervisorFile!.Signal(3); // pending, but not delivered
        Select(Siselect, Sireg, 0xC0, 1 << 3);
        Assert.Equal((1UL << 16) | 255, _machine.Get(Stopi));
        Select(Siselect, Sireg, 0x70, 1);
        Assert.Equal((9UL << 16) | 3, _machine.Get(Stopi));
    }

    [Fact]
    public void Priority_numbers_of_interrupts_that_are_not_supervisor_levels_are_read_only_zero()
    {
        Select(Siselect, Sireg, 0x30, Ones);
        Assert.Equal(0x00FF_0000_00FF_0000UL, _machine.Get(Sireg)); // 2 and 6 of the hypervisor extension are always delegated
        _machine.Set(Mideleg, Ssi | Sti);
        Select(Siselect, Sireg, 0x30, Ones);
        Assert.Equal(0x00FF_FF00_00FF_FF00UL, _machine.Get(Sireg));
        Select(Miselect, Mireg, 0x30, Ones);
        Assert.Equal(0xFF00_FF00_FF00_FF00UL, _machine.Get(Mireg)); // 1, 3, 5, 7
        Select(Miselect, Mireg, 0x32, Ones);
        Assert.Equal(0x0000_FF00_0000_FF00UL, _machine.Get(Mireg)); // 9 and 13, not 11
    }

    [Fact]
    public void Reset_clears_files_and_priorities()
    {
        Select(Miselect, Mireg, 0x30, Ones);
        Select(Siselect, Sireg, 0x70, 1);
        Select(Siselect, Sireg, 0xC0, 2);
        Hart.SupervisorFile!.Signal(1);
        _machine.Set(Mvien, Ones);
        Hart.Reset(Program);
        Assert.Equal(0UL, Hart.Mip);
        Assert.Equal(0UL, Hart.SupervisorFile.Read(InterruptFile.Enable));
        Assert.Equal(0, Hart.MachinePriorities[1]);
        Assert.All([Mvien, Mvip, Miselect, Siselect], number => Assert.Equal(0UL, _machine.Get(number)));
    }

    // Another hart's IPI must survive a read-modify-write of other bits.
    [Fact]
    public void Read_modify_writes_of_pending_bits_lose_no_interrupt_of_another_thread()
    {
        const int Rounds = 2_000;
        _machine.Set(Mideleg, Ones);
        Select(Siselect, Sireg, 0x70, 1);
        _machine.Set(Siselect, 0x80);
        CsrTable table = CsrTable.For(WithImsic);
        int sent = 0;
        int seen = 0;
        Thread sender = new(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                SpinWait spin = default;
                while (Volatile.Read(ref seen) != i)
                {
                    spin.SpinOnce(-1);
                }

                Hart.SetSoftwarePending(InterruptCode.SupervisorSoftware, true);
                Hart.SupervisorFile!.Signal(40);
                Volatile.Write(ref sent, i + 1);
            }
        });
        sender.Start();
        for (int i = 0; i < Rounds; i++)
        {
            while (Volatile.Read(ref sent) != i + 1)
            {
                table[Sip]!.Update(Hart, 0, Lcofi);
                table[Mip]!.Update(Hart, Lcofi, 0);
                table[Sireg]!.Update(Hart, 1 << 3, 1 << 2);
            }

            Assert.Equal(Ssi, _machine.Get(Sip) & Ssi);
            Assert.Equal(1UL << 40, table[Sireg]!.Update(Hart, 0, 1UL << 40) & (1UL << 40));
            table[Sip]!.Update(Hart, 0, Ssi);
            Volatile.Write(ref seen, i + 1);
        }

        sender.Join();
    }

    private static bool Reads(TestMachine machine, uint number, PrivilegeMode mode)
    {
        machine.Write(Program, Asm.Csrrs(5, number, 0));
        if (mode == PrivilegeMode.Machine)
        {
            machine.Hart.Pc = Program;
        }
        else
        {
            machine.GoTo(mode, Program);
        }

        bool read = machine.Step();
        Assert.Equal(read ? 0UL : 2UL, machine.Hart.Mcause);
        return read;
    }

    private void Select(uint selector, uint register, uint select, ulong value)
    {
        _machine.Set(selector, select);
        _machine.Set(register, value);
    }

    private void RunFrom(PrivilegeMode mode, ulong status)
    {
        _machine.Write(Program, Asm.Nop, Asm.Jal(0, -4));
        _machine.GoTo(mode, Program);
        Hart.WriteMstatus(status, status);
        Hart.RunSlice(1000);
    }
}
