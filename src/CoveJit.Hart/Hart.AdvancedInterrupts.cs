using CoveJit.Harts.Interrupts;
using CoveJit.Harts.Traps;

namespace CoveJit.Harts;

/// <summary>The Advanced Interrupt Architecture's part of a hart: interrupt files, priorities, and interrupts that machine level filters (AIA 1.0, "Interrupts for Machine and Supervisor Levels").</summary>
public sealed unsafe partial class Hart
{
    // Interrupts that mvien can hand to supervisor level: of those below 13 it is these two.
    private const ulong Filterable = Software | External | Overflow;

    private const ulong Software = 1UL << InterruptCode.SupervisorSoftware;
    private const ulong External = 1UL << InterruptCode.SupervisorExternal;
    private const ulong Overflow = 1UL << InterruptCode.CounterOverflow;

    private ulong _virtualPending;
    private ulong _virtualEnable;

    /// <summary>The machine-level interrupt file, or null if the hart has no IMSIC.</summary>
    public InterruptFile? MachineFile { get; }

    /// <summary>The supervisor-level interrupt file, or null if the hart has no IMSIC.</summary>
    public InterruptFile? SupervisorFile { get; }

    /// <summary>The guest interrupt files, in order from number 1.</summary>
    public IReadOnlyList<InterruptFile> GuestFiles { get; } = [];

    /// <summary>The iprio array of machine level.</summary>
    public PriorityArray MachinePriorities { get; }

    /// <summary>The iprio array of supervisor level.</summary>
    public PriorityArray SupervisorPriorities { get; }

    internal ulong Miselect { get; set; }

    internal ulong Siselect { get; set; }

    internal ulong Mvien { get; private set; }

    /// <summary>mvip: bits that mvien does not separate from mip are those that software writes there.</summary>
    internal ulong Mvip
    {
        get
        {
            (ulong own, ulong aliases) = MvipBits;
            return (Volatile.Read(ref _softwarePending) & aliases) | (_virtualPending & own);
        }
    }

    /// <summary>sip: what is delegated, from mip, and what is filtered, from mvip.</summary>
    internal ulong Sip => (Mip & Mideleg) | (Mvip & Filtered);

    /// <summary>sie: an alias of mie for what is delegated, and bits of its own for what is filtered.</summary>
    internal ulong Sie => (Mie & Mideleg) | (_virtualEnable & Filtered);

    /// <summary>mtopi.</summary>
    internal ulong Mtopi => TopInterrupt(PendingAtMachine, machine: true).ToTopi(Configuration.HasImsic);

    /// <summary>stopi.</summary>
    internal ulong Stopi => TopInterrupt(PendingAtSupervisor, machine: false).ToTopi(Configuration.HasImsic);

    // Not delegated, but supervisor level's by mvien.
    private ulong Filtered => Mvien & ~Mideleg;

    // The bits of mvip that are its own, and those that are aliases of what software writes to mip; the others are read-only zero.
    private (ulong Own, ulong Aliases) MvipBits
    {
        get
        {
            ulong own = Overflow | (Mvien & Software);
            return (own, (Software | External | (SupervisorTimerEnabled ? 0 : 1UL << InterruptCode.SupervisorTimer)) & ~own);
        }
    }

    /// <summary>The value of a xtopei CSR: the identity in bits 26:16, and again, as its own priority, in bits 10:0.</summary>
    internal static ulong TopExternal(uint identity) => (identity << 16) | identity;

    /// <summary>Whether a select value is in the range of the iprio array.</summary>
    internal static bool IsPriority(ulong select) => select is >= PriorityArray.First and <= PriorityArray.Last;

    /// <summary>Whether a select value names a register of machine and supervisor level.</summary>
    internal bool HasIndirectRegister(ulong select) => PriorityArray.HasRegister(select) || (Configuration.HasImsic && InterruptFile.HasRegister(select));

    internal ulong ReadMireg() => ReadIndirect(Miselect, MachinePriorities, MachineFile, InterruptCode.All);

    internal ulong ReadSireg() => ReadIndirect(Siselect, SupervisorPriorities, SupervisorFile, Mideleg | Mvien);

    internal ulong UpdateMireg(ulong set, ulong clear) => UpdateIndirect(Miselect, MachinePriorities, MachineFile, InterruptCode.All, set, clear);

    // The priority of an interrupt that is not writable in sie is read-only zero.
    internal ulong UpdateSireg(ulong set, ulong clear) => UpdateIndirect(Siselect, SupervisorPriorities, SupervisorFile, Mideleg | Mvien, set, clear);

    internal void WriteMvien(ulong value)
    {
        Mvien = value & Filterable;
        RecheckInterrupts();
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
        ulong delegated = Mideleg & Writable;
        ulong filtered = Filtered & Writable;
        if (filtered != 0)
        {
            UpdateMvip(set & filtered, clear & filtered);
        }

        UpdateSoftwarePending(set & delegated, clear & delegated);
        return old;
    }

    internal void WriteSie(ulong value)
    {
        _virtualEnable = (_virtualEnable & ~Filtered) | (value & Filtered);
        WriteMie((Mie & ~Mideleg) | (value & Mideleg));
    }

    private MajorInterrupt TopInterrupt(ulong pending, bool machine) => machine
        ? MachinePriorities.Top(pending, ExternalNumber(MachineFile, InterruptCode.MachineExternal))
        : SupervisorPriorities.Top(pending, ExternalNumber(SupervisorFile, InterruptCode.SupervisorExternal));

    private uint ExternalNumber(InterruptFile? file, int code) =>
        file is not null && (Lines & (1UL << code)) != 0 && file.Top is uint identity and not 0 ? identity : MajorInterrupt.Uncontrolled;

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

    private void ResetInterrupts()
    {
        _softwarePending = _virtualPending = _virtualEnable = 0;
        Mvien = Miselect = Siselect = 0;
        MachinePriorities.Reset();
        SupervisorPriorities.Reset();
        MachineFile?.Reset();
        SupervisorFile?.Reset();
    }
}
