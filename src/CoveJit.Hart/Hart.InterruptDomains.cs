using CoveJit.Harts.Interrupts;
using CoveJit.Harts.Traps;

namespace CoveJit.Harts;

/// <summary>Supervisor interrupt domains (Supervisor Domains Access Protection 0.9, "Smsdia" and "Smgeien").</summary>
public sealed unsafe partial class Hart
{
    private const ulong SidnMask = 0x3F;
    private const ulong AllGuests = 1; // mgeien.A

    private SupervisorInterruptDomain _interruptDomain;

    /// <summary>The supervisor interrupt domains, by SIDN; at least one.</summary>
    public IReadOnlyList<SupervisorInterruptDomain> InterruptDomains { get; }

    /// <summary>msdcfg: SIDN in bits 5:0.</summary>
    public ulong Msdcfg { get; private set; }

    /// <summary>msideie: which domains' interrupts raise MSDEIP.</summary>
    public ulong Msideie { get; private set; }

    /// <summary>mgeien: A in bit 0, and the guest files that S-mode has in the others.</summary>
    internal ulong Mgeien { get; private set; }

    /// <summary>msideip: bit n is set if an interrupt of domain n is pending.</summary>
    public ulong Msideip
    {
        get
        {
            ulong pending = 0;
            for (int sidn = 0; sidn < InterruptDomains.Count; sidn++)
            {
                pending |= IsPending(InterruptDomains[sidn]) ? 1UL << sidn : 0;
            }

            return pending;
        }
    }

    private bool HasInterruptDomains => InterruptDomains.Count > 1;

    // MSDEI's bit of mip, mie and mideleg, where it exists.
    private ulong DomainInterrupt => HasInterruptDomains ? 1UL << InterruptCode.SupervisorDomainExternal : 0;

    // Guest interrupts that S-mode may have.
    private ulong GivenGuests => Mgeien & ~AllGuests;

    /// <summary>Writes msdcfg. SIDN is WLRL: a number without a domain is not taken.</summary>
    public void WriteMsdcfg(ulong value)
    {
        ulong sidn = value & SidnMask;
        if (sidn < (ulong)InterruptDomains.Count)
        {
            Msdcfg = sidn;
            _interruptDomain = InterruptDomains[(int)sidn];
            RecheckInterrupts();
        }
    }

    /// <summary>Writes msideie.</summary>
    public void WriteMsideie(ulong value)
    {
        Msideie = value & ((1UL << InterruptDomains.Count) - 1);
        RecheckInterrupts();
    }

    internal void WriteMgeien(ulong value)
    {
        Mgeien = value & (AllGuests | AllGuestInterrupts);
        RecheckInterrupts();
    }

    private ulong AllGuestInterrupts => ((1UL << Configuration.GuestExternalInterrupts) - 1) << 1;

    private ulong DomainPending() => Msideie != 0 && (Msideip & Msideie) != 0 ? DomainInterrupt : 0;

    // Of the domain that S-mode sees, with mgeien.A clear, only what it does not see itself.
    private bool IsPending(SupervisorInterruptDomain domain)
    {
        ulong guests = domain.GuestExternal & domain.Hgeie;
        bool summary = domain != _interruptDomain || (Mgeien & AllGuests) != 0;
        return summary ? domain.External || guests != 0
            : (guests & ~GivenGuests) != 0 || (domain.External && (Mideleg & External) == 0);
    }

    private void ResetInterruptDomains()
    {
        // S-mode has everything, and the summary shows everything, as without Smgeien.
        Mgeien = AllGuests | AllGuestInterrupts;
        Msideie = 0;
        foreach (SupervisorInterruptDomain domain in InterruptDomains)
        {
            domain.Reset();
        }

        WriteMsdcfg(0);
    }
}
