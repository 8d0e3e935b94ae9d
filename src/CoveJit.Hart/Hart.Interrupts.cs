using CoveJit.Harts.Csrs;
using CoveJit.Harts.Interrupts;
using CoveJit.Harts.State;
using CoveJit.Harts.Traps;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts;

/// <summary>Interrupts and the two timers (Privileged, "Machine Interrupt Registers"; Sstc).</summary>
public sealed unsafe partial class Hart
{
    private ulong _lines;
    private ulong _softwarePending;
    private ulong _machineTimerCompare = ulong.MaxValue;

    /// <summary>mtimecmp; thread-safe.</summary>
    public ulong Compare
    {
        get => Volatile.Read(ref _machineTimerCompare);
        set
        {
            Volatile.Write(ref _machineTimerCompare, value);
            SetLine(InterruptCode.MachineTimer, Clock.Ticks >= value);

            // The hart learns of the new deadline when it next looks; make it look now, asleep or not.
            RaiseAttention(Attention.Interrupt);
        }
    }

    /// <summary>Clock ticks at which a timer of this hart will next raise an interrupt; <see cref="ulong.MaxValue"/> if none is armed.</summary>
    public ulong NextDeadline
    {
        get
        {
            ulong deadline = (Lines & (1UL << InterruptCode.MachineTimer)) == 0 ? Compare : ulong.MaxValue;
            if (SupervisorTimerEnabled && (Lines & (1UL << InterruptCode.SupervisorTimer)) == 0)
            {
                deadline = Math.Min(deadline, Stimecmp);
            }

            return VirtualTimerEnabled && (Lines & (1UL << InterruptCode.VirtualSupervisorTimer)) == 0 ? Math.Min(deadline, VirtualDeadline()) : deadline;
        }
    }

    /// <summary>mip as software reads it.</summary>
    /// <remarks>VSTIP and VSEIP are both hvip's and a signal's.</remarks>
    public ulong Mip => Lines | GuestExternalPending() | DomainPending() | (Volatile.Read(ref _softwarePending) & SoftwarePendingShown);

    private ulong Lines => Volatile.Read(ref _lines) | (_interruptDomain.External ? External : 0);

    // Under menvcfg.STCE, STIP is stimecmp's alone (Sstc), and under mvien[9], SEIP is the interrupt controller's (AIA): what software once wrote
    // there does not show in mip, and cannot be written there.
    private ulong SoftwarePendingShown =>
        (InterruptCode.SupervisorMask | InterruptCode.VirtualMask)
        & ~(SupervisorTimerEnabled ? 1UL << InterruptCode.SupervisorTimer : 0)
        & ~(Mvien & (1UL << InterruptCode.SupervisorExternal));

    private bool SupervisorTimerEnabled => (Menvcfg & Envcfg.Stce) != 0;

    /// <summary>The wire of an interrupt code (<see cref="InterruptCode"/>) into this hart.</summary>
    public IInterruptLine Line(int code) => new HartLine(this, code);

    /// <summary>Drives an interrupt wire. Thread-safe.</summary>
    public void SetLine(int code, bool level)
    {
        ulong bit = 1UL << code;
        if (code == InterruptCode.SupervisorExternal)
        {
            InterruptDomains[0].SetExternal(level); // S-mode's wire is one of its interrupt domain
            return;
        }

        if (level)
        {
            if ((Interlocked.Or(ref _lines, bit) & bit) == 0)
            {
                RaiseAttention(Attention.Interrupt);
            }
        }
        else
        {
            Interlocked.And(ref _lines, ~bit);
        }
    }

    /// <summary>Sets or clears software-writable bits of mip, as M-mode software or a managed service does. Thread-safe.</summary>
    public void SetSoftwarePending(int code, bool level)
    {
        ulong bit = 1UL << code;
        if (level)
        {
            Interlocked.Or(ref _softwarePending, bit);
            RaiseAttention(Attention.Interrupt);
        }
        else
        {
            Interlocked.And(ref _softwarePending, ~bit);
        }
    }

    /// <summary>Makes the hart leave executing code, or wake up, and look at its surroundings. Thread-safe.</summary>
    public void RaiseAttention(Attention reason)
    {
        Interlocked.Or(ref _state->Attention, (int)reason);
        _sleeper.Wake();
    }

    /// <summary>Clears an interrupt's enable in mie: for a managed service that owns its level and has no use for it.</summary>
    public void DisableInterrupt(int code) => WriteMie(Mie & ~(1UL << code));

    /// <summary>Sets and clears the bits of mip that are writable there, and returns the value from before.</summary>
    internal ulong UpdateMip(ulong set, ulong clear)
    {
        ulong writable = SoftwarePendingShown & (InterruptCode.SupervisorMask | (HasHypervisor ? 1UL << InterruptCode.VirtualSupervisorSoftware : 0));
        ulong old = Mip;
        UpdateSoftwarePending(set & writable, clear & writable);
        return old;
    }

    /// <summary>Re-evaluates the timers against the clock.</summary>
    internal void PollTimers()
    {
        ulong now = Clock.Ticks;
        SetLine(InterruptCode.MachineTimer, now >= Compare);
        SetLine(InterruptCode.SupervisorTimer, SupervisorTimerEnabled && now >= Stimecmp);
        SetLine(InterruptCode.VirtualSupervisorTimer, VirtualTimerEnabled && now + Htimedelta >= Vstimecmp);
        Counters.PollOverflow();
    }

    /// <summary>Asks for attention if an interrupt is deliverable now.</summary>
    internal void RecheckInterrupts()
    {
        if (DeliverableInterrupt(out _) is not null)
        {
            Interlocked.Or(ref _state->Attention, (int)Attention.Interrupt);
        }
    }

    // Other threads change these bits too: only what is named may change.
    private void UpdateSoftwarePending(ulong set, ulong clear)
    {
        Interlocked.Or(ref _softwarePending, set);
        Interlocked.And(ref _softwarePending, ~clear);
        RecheckInterrupts();
    }

    // Whether any interrupt is pending and enabled, whatever its level: what ends WFI (AIA 1.0, "WFI (Wait for Interrupt) instruction").
    private bool HasPendingInterrupt =>
        !IsQuiet && (_injects ? (Mip & Mie & ~Mideleg) != 0 || PendingAtSupervisor != 0 || Vstopi != 0 : (Mip & Mie) != 0);

    // No wire is high and nothing is written: as it is most of the time, and quickly told.
    private bool IsQuiet =>
        ((Volatile.Read(ref _lines) | Volatile.Read(ref _softwarePending)) & Mie) == 0
        && !_injects && Msideie == 0 && !_interruptDomain.External && _interruptDomain.GuestExternal == 0;

    // The first pending, enabled interrupt of the highest level that may interrupt the current mode.
    private MajorInterrupt? DeliverableInterrupt(out TrapLevel level)
    {
        level = TrapLevel.Machine;
        if (!HasPendingInterrupt)
        {
            return null;
        }

        if ((Privilege != PrivilegeMode.Machine || (Mstatus & Csrs.Mstatus.Mie) != 0) && TopAtMachine() is MajorInterrupt machine)
        {
            return machine;
        }

        level = TrapLevel.Supervisor;
        bool supervisorEnabled = IsVirtual
            || Privilege == PrivilegeMode.User
            || (Privilege == PrivilegeMode.Supervisor && (Mstatus & Csrs.Mstatus.Sie) != 0);
        if (supervisorEnabled && TopAtSupervisor() is MajorInterrupt supervisor)
        {
            return supervisor;
        }

        level = TrapLevel.VirtualSupervisor;
        bool virtualEnabled = IsVirtual && (Privilege == PrivilegeMode.User || (Vsstatus & Csrs.Mstatus.Sie) != 0);
        return virtualEnabled && Vstopi != 0 ? TopAtVirtualSupervisor() : null;
    }

    private void TakePendingInterrupt()
    {
        if (DeliverableInterrupt(out TrapLevel level) is MajorInterrupt interrupt)
        {
            Take(new Trap((uint)interrupt.Code, true, 0), level);
        }
    }

    private sealed class HartLine(Hart hart, int code) : IInterruptLine
    {
        public void Set(bool level) => hart.SetLine(code, level);
    }
}
