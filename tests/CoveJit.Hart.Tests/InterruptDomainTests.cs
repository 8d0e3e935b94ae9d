using CoveJit.Harts.Csrs;
using CoveJit.Harts.Interrupts;
using CoveJit.Memory.Translation;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Harts.Tests;

/// <summary>Supervisor interrupt domains (Smsdia) and guest interrupts that M-mode gives and takes (Smgeien).</summary>
public sealed class InterruptDomainTests : IDisposable
{
    private const uint Mgeien = 0x74D;
    private const uint Msdcfg = 0x74E;
    private const uint Msideie = 0x74F;
    private const uint Msideip = 0xF4F;
    private const uint Mie = 0x304;
    private const uint Mip = 0x344;
    private const uint Hgeie = 0x607;
    private const uint Hgeip = 0xE12;
    private const uint Stopei = 0x15C;
    private const ulong Msdei = 1UL << 14;
    private const ulong Seip = 1UL << 9;

    private readonly TestMachine _machine = new(configuration: new HartConfiguration
    {
        AdvancedInterrupts = true,
        InterruptIdentities = 63,
        InterruptDomains = 3,
    });

    private Hart Hart => _machine.Hart;

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(Msdcfg, 2UL, 2UL)]
    [InlineData(Msdcfg, 0xFFC1UL, 1UL)] // reserved bits read as zero
    [InlineData(Msdcfg, 3UL, 0UL)] // no such domain
    [InlineData(Msdcfg, ulong.MaxValue, 0UL)]
    [InlineData(Msideie, ulong.MaxValue, 7UL)]
    [InlineData(Mgeien, ulong.MaxValue, 0xFFUL)]
    [InlineData(Mgeien, 0UL, 0UL)]
    [InlineData(Mie, Msdei, Msdei)]
    [InlineData(Mip, Msdei, 0UL)]
    [InlineData(0x303u, Msdei, Msdei | 0x1444)] // mideleg
    [InlineData(0x603u, Msdei, 0UL)] // hideleg
    public void CSRs_take_what_they_have(uint csr, ulong written, ulong read)
    {
        _machine.Set(csr, written);
        Assert.Equal(read, _machine.Get(csr));
    }

    [Fact]
    public void Without_the_extension_there_is_one_domain_and_nothing_to_choose()
    {
        using TestMachine machine = new(configuration: new HartConfiguration { AdvancedInterrupts = true, InterruptIdentities = 63 });
        foreach (uint csr in new[] { Mgeien, Msideie, Msideip })
        {
            Assert.Null(CsrTable.For(machine.Configuration)[csr]);
        }

        machine.Set(Msdcfg, 1);
        machine.Set(Mie, Msdei);
        machine.Set(0x303, Msdei);
        Assert.Equal((0UL, 0UL, 0x1444UL), (machine.Get(Msdcfg), machine.Get(Mie), machine.Get(0x303)));
    }

    [Fact]
    public void SIDN_selects_the_file_behind_SEIP_and_stopei()
    {
        Enable(Hart.InterruptDomains[0].SupervisorFile!, 5);
        Enable(Hart.InterruptDomains[1].SupervisorFile!, 7);
        Hart.InterruptDomains[1].SupervisorFile!.Signal(7);
        Assert.Equal((0UL, 0UL, 2UL), (_machine.Get(Mip) & Seip, _machine.Get(Stopei), _machine.Get(Msideip)));
        _machine.Set(Msdcfg, 1);
        Assert.Equal((Seip, 0x7_0007UL), (_machine.Get(Mip) & Seip, _machine.Get(Stopei)));
        Hart.InterruptDomains[0].SupervisorFile!.Signal(5);
        Assert.Equal(0x7_0007UL, _machine.Get(Stopei));
        _machine.Set(Stopei, 0); // claims
        Assert.Equal((0UL, 1UL), (_machine.Get(Mip) & Seip, _machine.Get(Msideip)));
        _machine.Set(Msdcfg, 0);
        Assert.Equal((Seip, 0x5_0005UL), (_machine.Get(Mip) & Seip, _machine.Get(Stopei)));

        // Indirect access as well.
        _machine.Set(0x150, InterruptFile.Enable);
        Assert.Equal(1UL << 5, _machine.Get(0x151));
        _machine.Set(Msdcfg, 1);
        Assert.Equal(1UL << 7, _machine.Get(0x151));
    }

    [Fact]
    public void Guest_interrupts_are_a_domains_own()
    {
        Hart.InterruptDomains[0].SetGuestExternal(2, true);
        Hart.InterruptDomains[2].SetGuestExternal(3, true);
        Assert.Equal(1UL << 2, _machine.Get(Hgeip));
        _machine.Set(Hgeie, 1 << 2);
        _machine.Set(Msdcfg, 2);
        Assert.Equal((1UL << 3, 0UL), (_machine.Get(Hgeip), _machine.Get(Hgeie)));
        Assert.Equal(1UL, _machine.Get(Msideip)); // domain 2's is not enabled
        _machine.Set(Hgeie, 1 << 3);
        Assert.Equal(5UL, _machine.Get(Msideip));
        Assert.Equal(1UL << 12, _machine.Get(Mip) & (1UL << 12)); // SGEIP
        Hart.InterruptDomains[2].SetGuestExternal(3, false);
        Assert.Equal(0UL, _machine.Get(Mip) & (1UL << 12));
        _machine.Set(Msdcfg, 0);
        Assert.Equal(1UL << 2, _machine.Get(Hgeie));
    }

    [Fact]
    public void MSDEI_tells_M_mode_of_a_domain_that_is_elsewhere_before_SEI()
    {
        _machine.Set(Msideie, 2);
        _machine.Set(Mie, Msdei | Seip);
        _machine.GoTo(PrivilegeMode.Supervisor, Program);
        Hart.InterruptDomains[0].SetExternal(true); // not delegated: M-mode's too
        Hart.InterruptDomains[1].SetExternal(true);
        Hart.RunSlice(100); // the handler's WFI does not wait: the interrupt stays pending
        Assert.Equal((PrivilegeMode.Machine, (1UL << 63) | 14), (Hart.Privilege, Hart.Mcause)); // not 9
        Hart.InterruptDomains[1].SetExternal(false);
        Assert.Equal(0UL, _machine.Get(Mip) & Msdei);
    }

    [Fact]
    public void MSDEI_can_be_delegated_and_is_seen_in_sip_and_sie()
    {
        _machine.Set(Msideie, 4);
        _machine.Set(0x303, Msdei);
        Hart.InterruptDomains[2].SetExternal(true);
        Assert.Equal((Msdei, 0UL), (_machine.Get(0x144), _machine.Get(0x104)));
        _machine.Set(0x104, Msdei);
        Assert.Equal((Msdei, Msdei), (_machine.Get(0x104), _machine.Get(Mie) & Msdei));
        _machine.Set(0x144, 0); // read-only
        Assert.Equal(Msdei, _machine.Get(0x144));
        _machine.GoTo(PrivilegeMode.User, Program);
        Hart.RunSlice(100); // the handler's WFI does not wait: the interrupt stays pending
        Assert.Equal((PrivilegeMode.Supervisor, (1UL << 63) | 14), (Hart.Privilege, Hart.Scause));
    }

    [Fact]
    public void An_interrupt_that_is_delivered_to_another_domain_interrupts_a_hart_that_runs()
    {
        _machine.Set(Msideie, 2);
        _machine.Set(Mie, Msdei);
        Enable(Hart.InterruptDomains[1].SupervisorFile!, 9);
        _machine.Write(Program, Asm.Jal(0, 0));
        _machine.GoTo(PrivilegeMode.Supervisor, Program);
        Assert.Equal(SliceEnd.Budget, Hart.RunSlice(1000));
        Hart.InterruptDomains[1].SupervisorFile!.Signal(9);
        Hart.RunSlice(100); // the handler's WFI does not wait: the interrupt stays pending
        Assert.Equal((1UL << 63) | 14, Hart.Mcause);
    }

    [Fact]
    public void mgeien_takes_guest_interrupts_from_S_mode_and_puts_them_into_the_summary()
    {
        SupervisorInterruptDomain domain = Hart.InterruptDomains[0];
        domain.SetGuestExternal(1, true);
        domain.SetGuestExternal(2, true);
        _machine.Set(Hgeie, 6);
        _machine.Set(Mgeien, 1 << 2); // A clear, S-mode has interrupt 2
        Assert.Equal((4UL, 4UL), (_machine.Get(Hgeip), _machine.Get(Hgeie)));
        Assert.Equal(1UL, _machine.Get(Msideip)); // 1
        domain.SetGuestExternal(1, false);
        Assert.Equal(0UL, _machine.Get(Msideip)); // 2 is S-mode's
        domain.SetExternal(true);
        Assert.Equal(1UL, _machine.Get(Msideip)); // SEIP is not delegated
        _machine.Set(0x303, Seip);
        Assert.Equal(0UL, _machine.Get(Msideip));
        _machine.Set(Mgeien, 1 | (1 << 2));
        Assert.Equal(1UL, _machine.Get(Msideip)); // A: everything
        _machine.Set(Hgeie, 0); // changes what S-mode has
        _machine.Set(Mgeien, 0xFF);
        Assert.Equal(2UL, _machine.Get(Hgeie));

        // VGEIN of an interrupt that is not given is as of none.
        _machine.Set(Mgeien, 1 << 2);
        _machine.Set(0x600, 2 << 12);
        _machine.Set(0x600, 1 << 12);
        Assert.Equal(2UL << 12, _machine.Get(0x600) & (0x3F << 12));
        Assert.NotNull(Hart.GuestFile);
        _machine.Set(Mgeien, 0);
        Assert.Null(Hart.GuestFile);
    }

    private static void Enable(InterruptFile file, int identity)
    {
        file.Update(InterruptFile.Delivery, 1, 0);
        file.Update(InterruptFile.Enable, 1UL << identity, 0);
    }
}
