using CoveJit.Harts.Csrs;
using CoveJit.Harts.Traps;
using CoveJit.Memory.Translation;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Harts.Tests.Interrupts;

/// <summary>CSRs and interrupts of the AIA at VS level.</summary>
public sealed class VirtualInterruptTests : IDisposable
{
    private const uint Siselect = 0x150, Sireg = 0x151, Sireg2 = 0x152, Stopei = 0x15C, Stopi = 0xDB0, Sie = 0x104, Sip = 0x144, Stimecmp = 0x14D;
    private const uint Vsiselect = 0x250, Vsireg = 0x251, Vsireg6 = 0x257, Vstopei = 0x25C, Vstopi = 0xEB0, Vsie = 0x204, Vsip = 0x244;
    private const uint Hstatus = 0x600, Hideleg = 0x603, Hie = 0x604, Hgeie = 0x607, Hvien = 0x608, Hvictl = 0x609, Hvip = 0x645, Hviprio1 = 0x646, Hviprio2 = 0x647, Hgeip = 0xE12;
    private const uint Mstateen0 = 0x30C, Hstateen0 = 0x60C, Mideleg = 0x303, Mie = 0x304, Mvien = 0x308, Menvcfg = 0x30A, Henvcfg = 0x60A;
    private const ulong Ones = ulong.MaxValue;
    private const ulong Vssi = 1 << 2, Vsti = 1 << 6, Vsei = 1 << 10, Sgei = 1 << 12, Lcofi = 1 << 13;
    private const ulong Ssi = 1 << 1, Sei = 1 << 9;
    private const ulong Vti = 1 << 30, Dpr = 1 << 9, Ipriom = 1 << 8;
    private const uint Illegal = 2, Virtual = 22;

    private static readonly HartConfiguration WithImsic = new() { AdvancedInterrupts = true, InterruptIdentities = 127, GuestExternalInterrupts = 3 };

    private readonly TestMachine _machine = new(configuration: WithImsic);

    private Hart Hart => _machine.Hart;

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(Vsiselect, Ones, 0xFFFUL)]
    [InlineData(Hvien, Ones, Lcofi)]
    [InlineData(Hvip, Ones, Vssi | Vsti | Vsei | Lcofi)]
    [InlineData(Hvictl, Ones, 0x4FFF_03FFUL)]
    [InlineData(Hviprio1, Ones, 0x0000_FF00_FF00_FF00UL)]
    [InlineData(Hviprio2, Ones, 0UL)]
    [InlineData(Hideleg, Ones, Vssi | Vsti | Vsei)] // 13 is not delegated to supervisor level
    [InlineData(Hstateen0, Ones, 0UL)]
    public void WARL(uint number, ulong written, ulong read)
    {
        _machine.Set(number, written);
        Assert.Equal(read, _machine.Get(number));
    }

    [Fact]
    public void hideleg_takes_the_counter_overflow_interrupt_that_is_delegated_or_filtered()
    {
        _machine.Set(Mideleg, Lcofi);
        _machine.Set(Hideleg, Ones);
        Assert.Equal(Vssi | Vsti | Vsei | Lcofi, _machine.Get(Hideleg));
        _machine.Set(Mideleg, 0);
        Assert.Equal(Vssi | Vsti | Vsei, _machine.Get(Hideleg));
        _machine.Set(Mvien, Lcofi);
        Assert.Equal(Vssi | Vsti | Vsei | Lcofi, _machine.Get(Hideleg));
    }

    [Fact]
    public void There_are_as_many_guest_files_as_guest_external_interrupts()
    {
        Assert.Equal(3, Hart.GuestFiles.Count);
        using TestMachine without = new(configuration: new HartConfiguration { AdvancedInterrupts = true });
        Assert.Empty(without.Hart.GuestFiles);
    }

    [Fact]
    public void A_guest_file_raises_its_bit_of_hgeip_and_through_VGEIN_and_hgeie_the_rest()
    {
        Guest(2, 0x70, 1);
        Guest(2, 0xC0, 1 << 7);
        Hart.GuestFiles[1].Signal(7);
        Hart.GuestFiles[0].Signal(7); // not enabled there
        Assert.Equal(1UL << 2, _machine.Get(Hgeip));
        Assert.Equal(Vsei, Hart.Mip);
        _machine.Set(Hgeie, 1 << 2);
        Assert.Equal(Vsei | Sgei, Hart.Mip);
        Assert.Equal(0x0007_0007UL, _machine.Get(Vstopei));
        _machine.Set(Hstatus, 1 << 12);
        Assert.Equal(Sgei, Hart.Mip);
        Assert.Equal(0UL, _machine.Get(Vstopei));
        _machine.Set(Hstatus, 2 << 12);
        _machine.Set(Vstopei, 0); // claims
        Assert.Equal(0UL, _machine.Get(Hgeip));
        Assert.Equal(0UL, Hart.Mip);
    }

    [Fact]
    public void A_guest_works_its_file_through_the_supervisors_CSRs()
    {
        _machine.Set(Hstatus, 1 << 12);
        OpenGuestState();
        _machine.Write(
            Program,
            Asm.Csrrw(0, Siselect, 1),
            Asm.Csrrw(0, Sireg, 2),
            Asm.Csrrw(0, Siselect, 3),
            Asm.Csrrw(0, Sireg, 4),
            Asm.Csrrw(6, Stopei, 0),
            Asm.Csrrs(7, Stopei, 0));
        foreach ((int register, ulong value) in new[] { (1, 0x70UL), (2, 1UL), (3, 0xC2UL), (4, 1UL << 6) })
        {
            Hart.WriteRegister(register, value);
        }

        EnterGuest(PrivilegeMode.Supervisor);
        Hart.GuestFiles[0].Signal(70);
        for (int i = 0; i < 6; i++)
        {
            Assert.True(_machine.Step());
        }

        Assert.Equal((0x0046_0046UL, 0UL), (Hart.ReadRegister(6), Hart.ReadRegister(7)));
        Assert.Equal(0UL, _machine.Get(Siselect));
        Assert.Equal(0xC2UL, _machine.Get(Vsiselect));
        Assert.Equal(0UL, Hart.SupervisorFile!.Read(0x70));
    }

    // What a guest gets: CSR, vsiselect, VGEIN, mstateen0 bits taken away, hstateen0 bits taken away, mode, cause (0: none).
    [Theory]
    [InlineData(Siselect, 0u, 0, 0UL, 0UL, PrivilegeMode.Supervisor, 0u)]
    [InlineData(Siselect, 0u, 0, 0UL, 1UL << 60, PrivilegeMode.Supervisor, Virtual)]
    [InlineData(Siselect, 0u, 0, 1UL << 60, 0UL, PrivilegeMode.Supervisor, Illegal)]
    [InlineData(Siselect, 0u, 0, 0UL, 0UL, PrivilegeMode.User, Virtual)]
    [InlineData(Sireg, 0x70u, 1, 0UL, 0UL, PrivilegeMode.Supervisor, 0u)]
    [InlineData(Sireg, 0x71u, 1, 0UL, 0UL, PrivilegeMode.Supervisor, 0u)] // reserved: reads zero
    [InlineData(Sireg, 0x81u, 1, 0UL, 0UL, PrivilegeMode.Supervisor, Virtual)]
    [InlineData(Sireg, 0x70u, 0, 0UL, 0UL, PrivilegeMode.Supervisor, Virtual)]
    [InlineData(Sireg, 0x30u, 1, 0UL, 0UL, PrivilegeMode.Supervisor, Virtual)]
    [InlineData(Sireg, 0x31u, 1, 0UL, 0UL, PrivilegeMode.Supervisor, Virtual)]
    [InlineData(Sireg, 0x100u, 1, 0UL, 0UL, PrivilegeMode.Supervisor, Illegal)] // reserved
    [InlineData(Sireg, 0x70u, 1, 0UL, 0UL, PrivilegeMode.User, Virtual)]
    [InlineData(Sireg, 0x70u, 1, 1UL << 58, 0UL, PrivilegeMode.User, Virtual)] // CSRIND alone counts
    [InlineData(Sireg, 0x70u, 1, 1UL << 60, 0UL, PrivilegeMode.User, Illegal)]
    [InlineData(Sireg, 0x70u, 1, 1UL << 58, 0UL, PrivilegeMode.Supervisor, Illegal)]
    [InlineData(Sireg, 0x70u, 1, 0UL, 1UL << 58, PrivilegeMode.Supervisor, Virtual)]
    [InlineData(Sireg, 0x100u, 1, 0UL, 1UL << 60, PrivilegeMode.User, Virtual)]
    [InlineData(Sireg2, 0x70u, 1, 0UL, 0UL, PrivilegeMode.Supervisor, Virtual)]
    [InlineData(Sireg2, 0x70u, 1, 1UL << 60, 0UL, PrivilegeMode.Supervisor, Illegal)]
    [InlineData(Stopei, 0u, 1, 0UL, 0UL, PrivilegeMode.Supervisor, 0u)]
    [InlineData(Stopei, 0u, 0, 0UL, 0UL, PrivilegeMode.Supervisor, Virtual)]
    [InlineData(Stopei, 0u, 1, 1UL << 58, 0UL, PrivilegeMode.Supervisor, Illegal)]
    [InlineData(Stopei, 0u, 1, 0UL, 1UL << 58, PrivilegeMode.Supervisor, Virtual)]
    [InlineData(Stopei, 0u, 1, 0UL, 0UL, PrivilegeMode.User, Virtual)]
    [InlineData(Stopi, 0u, 0, 0UL, 0UL, PrivilegeMode.Supervisor, 0u)]
    [InlineData(Stopi, 0u, 0, 1UL << 59, 0UL, PrivilegeMode.Supervisor, Illegal)]
    [InlineData(Stopi, 0u, 0, 0UL, 1UL << 59, PrivilegeMode.Supervisor, Virtual)]
    [InlineData(Vsireg, 0x70u, 1, 0UL, 0UL, PrivilegeMode.Supervisor, Virtual)]
    [InlineData(Vsireg, 0x100u, 0, 0UL, 0UL, PrivilegeMode.User, Virtual)]
    [InlineData(Vsireg, 0x70u, 1, 1UL << 60, 0UL, PrivilegeMode.Supervisor, Illegal)]
    [InlineData(Vsireg6, 0x70u, 1, 0UL, 0UL, PrivilegeMode.Supervisor, Virtual)]
    [InlineData(Vsiselect, 0u, 1, 0UL, 0UL, PrivilegeMode.Supervisor, Virtual)]
    [InlineData(Vstopei, 0u, 0, 0UL, 0UL, PrivilegeMode.Supervisor, Virtual)]
    [InlineData(Vstopei, 0u, 1, 1UL << 58, 0UL, PrivilegeMode.Supervisor, Illegal)]
    [InlineData(Vstopi, 0u, 0, 0UL, 0UL, PrivilegeMode.Supervisor, Virtual)]
    [InlineData(Hvien, 0u, 0, 0UL, 0UL, PrivilegeMode.Supervisor, Virtual)]
    [InlineData(Hvien, 0u, 0, 1UL << 59, 0UL, PrivilegeMode.Supervisor, Illegal)]
    public void Accesses_of_guests(uint number, uint select, int vgein, ulong notInMachine, ulong notInHypervisor, PrivilegeMode mode, uint cause)
    {
        _machine.Set(Vsiselect, select);
        _machine.Set(Hstatus, (ulong)vgein << 12);
        _machine.Set(Mstateen0, ~notInMachine);
        _machine.Set(Hstateen0, ~notInHypervisor);
        _machine.Write(Program, Asm.Csrrs(5, number, 0));
        EnterGuest(mode);
        Assert.Equal(cause == 0, _machine.Step());
        Assert.Equal(cause, Hart.Mcause);
    }

    [Theory]
    [InlineData(0x70u, 1, 0UL, true)]
    [InlineData(0x70u, 0, 0UL, false)]
    [InlineData(0x70u, 1, 1UL << 58, false)]
    [InlineData(0x70u, 1, 1UL << 60, false)]
    [InlineData(0x30u, 1, 0UL, false)]
    [InlineData(0x81u, 1, 0UL, false)]
    public void The_hypervisor_reaches_the_file_that_VGEIN_selects(uint select, int vgein, ulong notInMachine, bool permitted)
    {
        _machine.Set(Vsiselect, select);
        _machine.Set(Hstatus, (ulong)vgein << 12);
        _machine.Set(Mstateen0, ~notInMachine);
        _machine.Write(Program, Asm.Csrrs(5, Vsireg, 0));
        _machine.GoTo(PrivilegeMode.Supervisor, Program);
        Assert.Equal(permitted, _machine.Step());
        Assert.Equal(permitted ? 0u : Illegal, Hart.Mcause);
    }

    [Fact]
    public void Without_an_IMSIC_what_is_a_guests_is_a_virtual_instruction_all_the_same()
    {
        using TestMachine machine = new(configuration: new HartConfiguration { AdvancedInterrupts = true });
        foreach ((uint number, bool guest) in new[] { (Stopei, true), (Sireg, true), (Vstopei, true), (Stopei, false), (Vstopei, false) })
        {
            machine.Prepare(machine.Hart);
            machine.Set(Mstateen0, Ones);
            machine.Set(Hstateen0, Ones);
            machine.Set(Vsiselect, 0x70);
            machine.Write(Program, Asm.Csrrs(5, number, 0));
            machine.GoTo(PrivilegeMode.Supervisor, Program, isVirtual: guest);
            Assert.False(machine.Step());
            Assert.Equal(guest ? Virtual : Illegal, machine.Hart.Mcause);
        }
    }

    // hideleg, hvien: what the counter overflow interrupt is at VS level.
    [Theory]
    [InlineData(0UL, 0UL, 0UL, 0UL)]
    [InlineData(0UL, Lcofi, Lcofi, Lcofi)]
    [InlineData(Lcofi, 0UL, 0UL, Lcofi)]
    [InlineData(Lcofi, Lcofi, 0UL, Lcofi)]
    public void A_local_interrupt_is_an_alias_of_hvip_or_of_sip(ulong hideleg, ulong hvien, ulong fromHvip, ulong enable)
    {
        _machine.Set(Mideleg, Lcofi);
        _machine.Set(Hideleg, hideleg);
        _machine.Set(Hvien, hvien);
        _machine.Set(Hvip, Lcofi);
        Assert.Equal(fromHvip, _machine.Get(Vsip));
        _machine.Set(Vsie, Ones);
        Assert.Equal(enable, _machine.Get(Vsie));
        Assert.Equal(hideleg, _machine.Get(Sie)); // an alias of sie if delegated
        _machine.Set(0x344, Lcofi);
        Assert.Equal(fromHvip | hideleg, _machine.Get(Vsip));
        _machine.Set(Vsip, 0);
        Assert.Equal(0UL, _machine.Get(Vsip));
        Assert.Equal(hideleg == 0 ? Lcofi : 0, _machine.Get(Sip));
        Assert.Equal(fromHvip == 0 ? Lcofi : 0, _machine.Get(Hvip));
    }

    [Fact]
    public void An_interrupt_in_hvip_traps_to_the_guest()
    {
        _machine.Set(Hvien, Lcofi);
        _machine.Set(Vsie, Lcofi);
        _machine.Set(Hvip, Lcofi);
        Assert.Equal((0UL, (13UL << 16) | 1), (_machine.Get(Stopi), _machine.Get(Vstopi)));
        RunGuest();
        Assert.Equal(0x8000_0000_0000_000DUL, _machine.Get(0x242));
        Assert.True(Hart.IsVirtual);
    }

    // hvictl without VTI, hviprio1, the guest's interrupts as vsip shows them, and vstopi.
    [Theory]
    [InlineData(0UL, 0UL, 0UL, 0UL)]
    [InlineData(0UL, 0UL, Sei | Ssi, (9UL << 16) | 1)]
    [InlineData(Ipriom, 0UL, Sei | Ssi, (9UL << 16) | 255)] // number 256
    [InlineData(Ipriom, 7UL << 8, Sei | Ssi, (1UL << 16) | 7)]
    [InlineData(Ipriom | (9UL << 16) | 6, 7UL << 8, Sei | Ssi, (9UL << 16) | 6)]
    [InlineData(Ipriom | (9UL << 16) | 7, 7UL << 8, Sei | Ssi, (9UL << 16) | 7)] // a tie
    [InlineData(Ipriom, 0UL, Ssi, (1UL << 16) | 255)]
    [InlineData(Vti | (9UL << 16), 0UL, Ssi, 0UL)] // IID 9: none but an external one
    [InlineData(Vti | (9UL << 16), 0UL, Ssi | Sei, (9UL << 16) | 1)]
    [InlineData(Vti | (5UL << 16), 0UL, 0UL, (5UL << 16) | 1)]
    [InlineData(Vti | Ipriom | (40UL << 16) | 3, 0UL, Ssi, (40UL << 16) | 3)]
    [InlineData(Vti | Ipriom | (40UL << 16), 0UL, Sei, 40UL << 16)] // before an external one
    [InlineData(Vti | Ipriom | Dpr | (40UL << 16), 0UL, Sei, (9UL << 16) | 255)]
    [InlineData(Vti | Ipriom | Dpr | (40UL << 16), 0UL, 0UL, (40UL << 16) | 255)]
    [InlineData(Vti | Ipriom, 0UL, 0UL, 0UL)] // interrupt 0 of number 0 is none
    public void vstopi_without_a_guest_file(ulong hvictl, ulong hviprio1, ulong pending, ulong vstopi)
    {
        _machine.Set(Hideleg, Ones);
        _machine.Set(Hvip, pending << 1);
        _machine.Set(Vsie, Ones);
        _machine.Set(Hviprio1, hviprio1);
        _machine.Set(Hvictl, hvictl);
        Assert.Equal(vstopi, _machine.Get(Vstopi));
        RunGuest();
        Assert.Equal(vstopi == 0 ? 0 : (1UL << 63) | (vstopi >> 16), _machine.Get(0x242));
    }

    // hvictl, hviprio1: identity 20 is signalled by the guest's file.
    [Theory]
    [InlineData(Ipriom, 20UL << 8, (9UL << 16) | 20)]
    [InlineData(Ipriom, 19UL << 8, (1UL << 16) | 19)]
    [InlineData(Vti | Ipriom | (40UL << 16) | 20, 0UL, (40UL << 16) | 20)] // ties by DPR
    [InlineData(Vti | Ipriom | Dpr | (40UL << 16) | 20, 0UL, (9UL << 16) | 20)]
    public void vstopi_with_a_guest_file(ulong hvictl, ulong hviprio1, ulong vstopi)
    {
        Guest(1, 0x70, 1);
        Guest(1, 0xC0, 1 << 20);
        Hart.GuestFiles[0].Signal(20);
        _machine.Set(Hideleg, Ones);
        _machine.Set(Hvip, Vssi);
        _machine.Set(Vsie, Ones);
        _machine.Set(Hviprio1, hviprio1);
        _machine.Set(Hvictl, hvictl);
        Assert.Equal(vstopi, _machine.Get(Vstopi));
    }

    [Theory]
    [InlineData(Sip, false)]
    [InlineData(Sie, false)]
    [InlineData(Sip, true)]
    [InlineData(Sie, true)]
    [InlineData(Stimecmp, true)]
    public void Under_VTI_the_hypervisor_emulates_accesses_that_concern_pending_interrupts(uint number, bool writes)
    {
        foreach (bool vti in new[] { false, true })
        {
            Assert.Equal(vti ? Virtual : 0, GuestAccess(number, writes, vti));
        }

        Assert.Equal(0u, GuestAccess(Stimecmp, false, true)); // a read clears nothing
    }

    [Fact]
    public void A_guest_interrupt_of_a_number_that_no_CSR_bit_has_traps_as_hvictl_says()
    {
        _machine.Set(Hvictl, Vti | (40UL << 16) | 1);
        RunGuest();
        Assert.Equal((1UL << 63) | 40, _machine.Get(0x242));
    }

    [Fact]
    public void WFI_of_the_hypervisor_ends_for_a_guests_interrupt()
    {
        _machine.Write(Program, Asm.Wfi, Asm.Nop);
        _machine.GoTo(PrivilegeMode.Supervisor, Program);
        Assert.Equal(SliceEnd.Idle, Hart.RunSlice(10));
        _machine.Set(Hvictl, Vti | (40UL << 16) | 1);
        Assert.Equal(SliceEnd.Budget, Hart.RunSlice(1));
        Assert.Equal(Program + 8, Hart.Pc);
    }

    private uint GuestAccess(uint number, bool writes, bool vti)
    {
        _machine.Prepare(Hart);
        OpenGuestState();
        _machine.Set(Menvcfg, 1UL << 63);
        _machine.Set(Henvcfg, 1UL << 63);
        _machine.Set(0x306, 2);
        _machine.Set(0x606, 2);
        _machine.Set(Hvictl, vti ? Vti | (9UL << 16) : 0);
        _machine.Write(Program, writes ? Asm.Csrrw(5, number, 0) : Asm.Csrrs(5, number, 0));
        EnterGuest(PrivilegeMode.Supervisor);
        _machine.Step();
        return (uint)Hart.Mcause;
    }

    private void OpenGuestState()
    {
        _machine.Set(Mstateen0, Ones);
        _machine.Set(Hstateen0, Ones);
    }

    private void EnterGuest(PrivilegeMode mode)
    {
        _machine.GoTo(mode, Program, isVirtual: true);
    }

    // Runs a guest with interrupts enabled for a while; its handler, like the others, waits for ever.
    private void RunGuest()
    {
        _machine.Set(0x205, SupervisorHandler);
        _machine.Set(0x200, Mstatus.Sie);
        _machine.Write(Program, Asm.Nop, Asm.Jal(0, -4));
        EnterGuest(PrivilegeMode.Supervisor);
        Hart.RunSlice(1000);
        Assert.Equal(0UL, Hart.Mcause);
        Assert.Equal(0UL, Hart.Scause);
    }

    // Writes a register of a guest's file as the hypervisor does, and leaves the file selected.
    private void Guest(int number, uint select, ulong value)
    {
        _machine.Set(Hstatus, (ulong)number << 12);
        _machine.Set(Vsiselect, select);
        _machine.Set(Vsireg, value);
    }
}
