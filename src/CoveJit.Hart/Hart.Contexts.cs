using CoveJit.Harts.Csrs;
using CoveJit.Harts.State;
using CoveJit.Harts.Traps;

namespace CoveJit.Harts;

/// <summary>Switching a hart between supervisor domains.</summary>
public sealed unsafe partial class Hart
{
    // M-mode's own interrupts: a switch leaves them as they are.
    private const ulong MachineInterrupts =
        (1UL << InterruptCode.MachineSoftware) | (1UL << InterruptCode.MachineTimer) | (1UL << InterruptCode.MachineExternal)
        | (1UL << InterruptCode.SupervisorDomainExternal);

    private readonly Lock _contextLock = new();
    private SupervisorContext? _context;

    /// <summary>
    /// Saves everything that software below M-mode sees into one context, and puts another in its place: no register, CSR, pending interrupt or
    /// reservation of the one is left for the other, and of its translations only what belongs to another SDID. Between instructions, by a managed
    /// service that has been called with a trap.
    /// </summary>
    /// <param name="from">Receives the state; the hart is in it.</param>
    /// <param name="to">The state to go on with.</param>
    public void Switch(SupervisorContext from, SupervisorContext to)
    {
        Counters.BeforeModeChange();
        SaveContext(from);
        LoadContext(to);
        lock (_contextLock)
        {
            // Other harts send interrupts meanwhile: to whichever of the two is the hart's.
            from.SoftwarePending = Interlocked.Exchange(ref _softwarePending, to.SoftwarePending);
            _context = to;
        }

        AfterSwitch(to);
    }

    /// <summary>
    /// The same for a guest and its hypervisor, in one domain each: exchanges registers, the CSRs of the hypervisor extension and what a guest shares with
    /// HS-mode, and mmpt. What belongs to the supervisor level below stays as it is: its CSRs, which a guest has others in the place of, and its interrupts
    /// with the wires of guest interrupt files (hgeie), so that they end the guest's run.
    /// </summary>
    /// <param name="from">Receives the state; the hart is in it.</param>
    /// <param name="to">The state to go on with.</param>
    public void SwitchGuest(SupervisorContext from, SupervisorContext to)
    {
        const ulong Guests = InterruptCode.VirtualMask;
        Counters.BeforeModeChange();
        SaveExecution(from);
        SaveHypervisor(from);
        from.Mie = Mie;
        from.SoftwarePending = Interlocked.And(ref _softwarePending, ~Guests);
        LoadExecution(to);
        ulong guestFiles = Hgeie;
        LoadHypervisor(to);
        _interruptDomain.Hgeie = guestFiles;
        Mstatus = (from.Mstatus & ~Csrs.Mstatus.SupervisorWritable) | (to.Mstatus & Csrs.Mstatus.SupervisorWritable);
        Mie = (Mie & ~Guests) | (to.Mie & Guests);
        Interlocked.Or(ref _softwarePending, to.SoftwarePending & Guests);
        AfterSwitch(to);
    }

    /// <summary>
    /// Sets or clears a software-writable bit of mip in a context, whether the hart is in it or not. Thread-safe.
    /// </summary>
    /// <returns>False if the hart is not in it, so that nothing will happen before it is.</returns>
    public bool SetSoftwarePending(SupervisorContext context, int code, bool level)
    {
        lock (_contextLock)
        {
            if (_context is null || _context == context)
            {
                SetSoftwarePending(code, level);
                return true;
            }

            ulong bit = 1UL << code;
            context.SoftwarePending = level ? context.SoftwarePending | bit : context.SoftwarePending & ~bit;
            return false;
        }
    }

    /// <summary>Says in which context, and under which mmpt, a hart is that has been reset.</summary>
    public void Adopt(SupervisorContext context, ulong mmpt)
    {
        lock (_contextLock)
        {
            _context = context;
        }

        WriteMmpt(mmpt);
        UpdateContext();
    }

    private void AfterSwitch(SupervisorContext to)
    {
        Counters.AfterModeChange();
        WriteMmpt(to.Mmpt);
        UpdateContext();
        UpdateFloatState();
        UpdateControlFlow();
        PollTimers();
        UpdateInjects();
    }

    // Registers, modes, and what of the supervisor level guests share with HS-mode.
    private void SaveExecution(SupervisorContext c)
    {
        SettleFloatState();
        new ReadOnlySpan<ulong>(_state->X, 32).CopyTo(c.X);
        new ReadOnlySpan<ulong>(_state->F, 32).CopyTo(c.F);
        c.Fflags = _state->Fflags;
        c.Frm = _state->Frm;
        c.Pc = _state->Pc;
        c.Ssp = Ssp;
        c.ExpectsLandingPad = _state->ExpectsLandingPad;
        c.Privilege = Privilege;
        c.IsVirtual = IsVirtual;
        c.Mmpt = Mmpt;
        c.Msdcfg = Msdcfg;
        c.Mstatus = Mstatus;
        c.Scounteren = Scounteren;
        c.Senvcfg = Senvcfg;
    }

    private void SaveContext(SupervisorContext c)
    {
        SaveExecution(c);
        c.Medeleg = Medeleg;
        c.Mideleg = Mideleg;
        c.Mie = Mie;
        c.Mcounteren = Mcounteren;
        c.Menvcfg = Menvcfg;
        Mstateen.CopyTo(c.Mstateen, 0);
        c.Mvien = Mvien;
        c.VirtualPending = _virtualPending;
        c.VirtualEnable = _virtualEnable;
        c.Stvec = Stvec;
        c.Sscratch = Sscratch;
        c.Sepc = Sepc;
        c.Scause = Scause;
        c.Stval = Stval;
        c.Stimecmp = Stimecmp;
        c.Satp = Satp;
        c.Siselect = Siselect;
        SupervisorPriorities.CopyTo(c.SupervisorPriorities);
        if (HasHypervisor)
        {
            SaveHypervisor(c);
        }
    }

    private void SaveHypervisor(SupervisorContext c)
    {
        c.Hstatus = Hstatus;
        c.Hedeleg = Hedeleg;
        c.Hideleg = _hideleg;
        c.Hcounteren = Hcounteren;
        c.Henvcfg = Henvcfg;
        c.Htimedelta = Htimedelta;
        c.Hgatp = Hgatp;
        c.Hgeie = _interruptDomain.Hgeie;
        c.Htval = Htval;
        c.Htinst = Htinst;
        c.Hvien = Hvien;
        c.Hvictl = Hvictl;
        Hstateen.CopyTo(c.Hstateen, 0);
        c.GuestPending = _guestPending;
        c.GuestEnable = _guestEnable;
        c.Vsstatus = Vsstatus;
        c.Vstvec = Vstvec;
        c.Vsscratch = Vsscratch;
        c.Vsepc = Vsepc;
        c.Vscause = Vscause;
        c.Vstval = Vstval;
        c.Vstimecmp = Vstimecmp;
        c.Vsatp = Vsatp;
        c.Vsiselect = Vsiselect;
        VirtualPriorities.CopyTo(c.VirtualPriorities);
    }

    private void LoadExecution(SupervisorContext c)
    {
        c.X.CopyTo(new Span<ulong>(_state->X, 32));
        c.F.CopyTo(new Span<ulong>(_state->F, 32));
        _state->Fflags = c.Fflags;
        _state->Frm = c.Frm;
        _state->Pc = c.Pc;
        Ssp = c.Ssp;
        _state->ExpectsLandingPad = c.ExpectsLandingPad;
        _reservation.Valid = false;
        _waiting = false;
        Privilege = c.Privilege;
        IsVirtual = c.IsVirtual;
        Scounteren = c.Scounteren;
        Senvcfg = c.Senvcfg;
    }

    private void LoadContext(SupervisorContext c)
    {
        LoadExecution(c);
        if (((Menvcfg ^ c.Menvcfg) & (Envcfg.Adue | Envcfg.Pbmte | Envcfg.Sse)) != 0)
        {
            FlushTranslations();
        }

        Msdcfg = c.Msdcfg;
        _interruptDomain = InterruptDomains[(int)c.Msdcfg];
        Mstatus = c.Mstatus;
        Medeleg = c.Medeleg;
        Mideleg = c.Mideleg | AlwaysDelegated;
        Mie = (c.Mie & ~MachineInterrupts) | (Mie & MachineInterrupts);
        Mcounteren = c.Mcounteren;
        Menvcfg = c.Menvcfg;
        c.Mstateen.CopyTo(Mstateen, 0);
        Mvien = c.Mvien;
        _virtualPending = c.VirtualPending;
        _virtualEnable = c.VirtualEnable;
        Stvec = c.Stvec;
        Sscratch = c.Sscratch;
        Sepc = c.Sepc;
        Scause = c.Scause;
        Stval = c.Stval;
        Stimecmp = c.Stimecmp;
        Satp = c.Satp;
        Siselect = c.Siselect;
        SupervisorPriorities.CopyFrom(c.SupervisorPriorities);
        if (HasHypervisor)
        {
            LoadHypervisor(c);
        }
    }

    private void LoadHypervisor(SupervisorContext c)
    {
        Hstatus = c.Hstatus;
        Hedeleg = c.Hedeleg;
        _hideleg = c.Hideleg;
        Hcounteren = c.Hcounteren;
        if (((Henvcfg ^ c.Henvcfg) & Envcfg.Sse) != 0)
        {
            FlushTranslations();
        }

        Henvcfg = c.Henvcfg;
        Htimedelta = c.Htimedelta;
        Hgatp = c.Hgatp;
        _interruptDomain.Hgeie = c.Hgeie;
        Htval = c.Htval;
        Htinst = c.Htinst;
        Hvien = c.Hvien;
        Hvictl = c.Hvictl;
        c.Hstateen.CopyTo(Hstateen, 0);
        _guestPending = c.GuestPending;
        _guestEnable = c.GuestEnable;
        Vsstatus = c.Vsstatus;
        Vstvec = c.Vstvec;
        Vsscratch = c.Vsscratch;
        Vsepc = c.Vsepc;
        Vscause = c.Vscause;
        Vstval = c.Vstval;
        Vstimecmp = c.Vstimecmp;
        Vsatp = c.Vsatp;
        Vsiselect = c.Vsiselect;
        VirtualPriorities.CopyFrom(c.VirtualPriorities);
    }
}
