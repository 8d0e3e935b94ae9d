using CoveJit.Harts.Interrupts;
using CoveJit.Harts.Traps;

namespace CoveJit.Harts;

/// <summary>The Advanced Interrupt Architecture's part of machine and supervisor level: interrupt files, priorities, and interrupts that machine level filters (AIA 1.0, "Interrupts for Machine and Supervisor Levels").</summary>
public sealed unsafe partial class Hart
{
    private const ulong Software = 1UL << InterruptCode.SupervisorSoftware;
    private const ulong Timer = 1UL << InterruptCode.SupervisorTimer;
    private const ulong External = 1UL << InterruptCode.SupervisorExternal;
    private const ulong Overflow = 1UL << InterruptCode.CounterOverflow;

    private ulong _virtualPending;
    private ulong _virtualEnable;

    // Whether mip and mie alone do not tell what is pending.
    private bool _injects;

    /// <summary>The machine-level interrupt file, or null if the hart has no IMSIC.</summary>
    public InterruptFile? MachineFile { get; }

    /// <summary>The supervisor-level interrupt file, or null if the hart has no IMSIC.</summary>
    public InterruptFile? SupervisorFile => _interruptDomain.SupervisorFile;

    /// <summary>The iprio array of machine level.</summary>
    public PriorityArray MachinePriorities { get; }

    /// <summary>The iprio array of supervisor level.</summary>
    public PriorityArray SupervisorPriorities { get; }

    internal ulong Miselect { get; set; }

    internal ulong Siselect { get; set; }

    internal ulong Mvien { get; private set; }

    internal ulong Mvip
    {
        get
        {
            (ulong own, ulong aliases) = MvipBits;
            return (Volatile.Read(ref _softwarePending) & aliases) | (_virtualPending & own);
        }
    }

    /// <summary>sip: what is delegated, from mip, and what is filtered, from mvip.</summary>
    internal ulong Sip => (Mip & Delegated) | (Mvip & Filtered);

    /// <summary>sie: an alias of mie for what is delegated, and bits of its own for what is filtered.</summary>
    internal ulong Sie => (Mie & Delegated) | (_virtualEnable & Filtered);

    internal ulong Mtopi => TopAtMachine()?.ToTopi(Configuration.HasImsic) ?? 0;

    internal ulong Stopi => TopAtSupervisor()?.ToTopi(Configuration.HasImsic) ?? 0;

    private ulong PendingAtSupervisor => ((Mip & Mie & Mideleg) | (Mvip & _virtualEnable & Filtered)) & ~Hideleg;

    // The interrupts of the hypervisor extension are delegated too, but show in hip and hie.
    private ulong Delegated => Mideleg & (InterruptCode.SupervisorMask | DomainInterrupt);

    // Not delegated, but supervisor level's by mvien.
    private ulong Filtered => Mvien & ~Mideleg;

    // The bits of mvip that are its own, and those that are aliases of what software writes to mip; the others are read-only zero.
    private (ulong Own, ulong Aliases) MvipBits
    {
        get
        {
            ulong own = Overflow | (Mvien & Software);
            return (own, (Software | External | (SupervisorTimerEnabled ? 0 : Timer)) & ~own);
        }
    }

    /// <summary>The value of a xtopei CSR: the identity in bits 26:16, and again, as its own priority, in bits 10:0.</summary>
    internal static ulong TopExternal(uint identity) => (identity << 16) | identity;

    /// <summary>Whether a select value names a register of machine or supervisor level.</summary>
    internal bool HasIndirectRegister(ulong select) => PriorityArray.HasRegister(select) || (Configuration.HasImsic && InterruptFile.HasRegister(select));

    internal ulong ReadMireg() => ReadIndirect(Miselect, MachinePriorities, MachineFile, InterruptCode.All);

    // The priority of an interrupt that is writable neither in sie nor in hie is read-only zero.
    internal ulong ReadSireg() => ReadIndirect(Siselect, SupervisorPriorities, SupervisorFile, Mideleg | Mvien);

    internal ulong UpdateMireg(ulong set, ulong clear) => UpdateIndirect(Miselect, MachinePriorities, MachineFile, InterruptCode.All, set, clear);

    internal ulong UpdateSireg(ulong set, ulong clear) => UpdateIndirect(Siselect, SupervisorPriorities, SupervisorFile, Mideleg | Mvien, set, clear);

    internal void WriteMvien(ulong value)
    {
        Mvien = value & (Software | External | Overflow);
        UpdateInjects();
    }

    internal ulong UpdateMvip(ulong set, ulong clear)
    {
        ulong old = Mvip;
        (ulong own, ulong aliases) = MvipBits;
        _virtualPending = (_virtualPending | (set & own)) & ~(clear & own);
        UpdateSoftwarePending(set & aliases, clear & aliases);
        return old;
    }

    // SEIP and STIP are read-only in sip, whether delegated or filtered.
    internal ulong UpdateSip(ulong set, ulong clear)
    {
        const ulong Writable = Software | Overflow;
        ulong old = Sip;
        ulong filtered = Filtered & Writable;
        if (filtered != 0)
        {
            UpdateMvip(set & filtered, clear & filtered);
        }

        UpdateSoftwarePending(set & Delegated & Writable, clear & Delegated & Writable);
        return old;
    }

    internal void WriteSie(ulong value)
    {
        _virtualEnable = (_virtualEnable & ~Filtered) | (value & Filtered);
        WriteMie((Mie & ~Delegated) | (value & Delegated));
    }

    private static ulong ReadIndirect(ulong select, PriorityArray priorities, InterruptFile? file, ulong visible) =>
        PriorityArray.HasRegister(select) ? priorities.Read(select, visible)
        : file is not null && InterruptFile.HasRegister(select) ? file.Read(select)
        : 0;

    private static ulong UpdateIndirect(ulong select, PriorityArray priorities, InterruptFile? file, ulong visible, ulong set, ulong clear)
    {
        if (!PriorityArray.HasRegister(select))
        {
            return file is not null && InterruptFile.HasRegister(select) ? file.Update(select, set, clear) : 0;
        }

        ulong old = priorities.Read(select, visible);
        priorities.Write(select, visible, (old | set) & ~clear);
        return old;
    }

    private MajorInterrupt? TopAtMachine() =>
        MachinePriorities.Top(Mip & Mie & ~Mideleg, ExternalNumber(MachineFile, InterruptCode.MachineExternal));

    private MajorInterrupt? TopAtSupervisor() =>
        SupervisorPriorities.Top(PendingAtSupervisor, ExternalNumber(SupervisorFile, InterruptCode.SupervisorExternal));

    private uint ExternalNumber(InterruptFile? file, int code) =>
        file is not null && (Lines & (1UL << code)) != 0 && file.Top is uint identity and not 0 ? identity : MajorInterrupt.Uncontrolled;

    private void UpdateInjects()
    {
        _injects = (Mvien | Hvien) != 0 || VirtualInterruptsControlled;
        RecheckInterrupts();
    }

    private void ResetInterrupts()
    {
        _softwarePending = _virtualPending = _virtualEnable = 0;
        Mvien = Miselect = Siselect = 0;
        MachinePriorities.Reset();
        SupervisorPriorities.Reset();
        MachineFile?.Reset();
        ResetInterruptDomains();
        ResetVirtualInterrupts();
        UpdateInjects();
    }
}
