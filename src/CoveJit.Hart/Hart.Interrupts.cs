using CoveJit.Harts.Csrs;
using CoveJit.Harts.State;
using CoveJit.Harts.Traps;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts;

/// <summary>Interrupts and the two timers (Privileged, "Machine Interrupt Registers"; Sstc).</summary>
public sealed unsafe partial class Hart
{
    private const ulong SoftwareWritable = InterruptCode.SupervisorMask | InterruptCode.VirtualMask;

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
    /// <remarks>
    /// Under menvcfg.STCE, STIP is stimecmp's alone: what software once wrote to it does not show (Sstc). VSTIP and VSEIP are both hvip's and a
    /// signal's.
    /// </remarks>
    public ulong Mip => Lines | GuestExternalPending() | (Volatile.Read(ref _softwarePending) & ~(SupervisorTimerEnabled ? 1UL << InterruptCode.SupervisorTimer : 0));

    private ulong Lines => Volatile.Read(ref _lines);

    private bool SupervisorTimerEnabled => (Menvcfg & Envcfg.Stce) != 0;

    /// <summary>The wire of an interrupt code (<see cref="InterruptCode"/>) into this hart.</summary>
    public IInterruptLine Line(int code) => new HartLine(this, code);

    /// <summary>Drives an interrupt wire. Thread-safe.</summary>
    public void SetLine(int code, bool level)
    {
        ulong bit = 1UL << code;
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

    internal void WriteSoftwarePending(ulong value, ulong mask)
    {
        mask &= SoftwareWritable & ~(SupervisorTimerEnabled ? 1UL << InterruptCode.SupervisorTimer : 0);
        Interlocked.Or(ref _softwarePending, value & mask);
        Interlocked.And(ref _softwarePending, value | ~mask);
        RecheckInterrupts();
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
        if (DeliverableInterrupts() != 0)
        {
            Interlocked.Or(ref _state->Attention, (int)Attention.Interrupt);
        }
    }

    // Pending, enabled interrupts of the highest level that may interrupt the current mode.
    private ulong DeliverableInterrupts()
    {
        ulong pending = Mip & Mie;
        if (pending == 0)
        {
            return 0;
        }

        ulong machine = pending & ~Mideleg;
        if (machine != 0 && (Privilege != PrivilegeMode.Machine || (Mstatus & Csrs.Mstatus.Mie) != 0))
        {
            return machine;
        }

        ulong supervisor = pending & Mideleg & ~Hideleg;
        bool supervisorEnabled = IsVirtual
            || Privilege == PrivilegeMode.User
            || (Privilege == PrivilegeMode.Supervisor && (Mstatus & Csrs.Mstatus.Sie) != 0);
        if (supervisor != 0 && supervisorEnabled)
        {
            return supervisor;
        }

        bool virtualEnabled = IsVirtual && (Privilege == PrivilegeMode.User || (Vsstatus & Csrs.Mstatus.Sie) != 0);
        return virtualEnabled ? pending & Hideleg : 0;
    }

    private void TakePendingInterrupt()
    {
        ulong deliverable = DeliverableInterrupts();
        if (deliverable == 0)
        {
            return;
        }

        foreach (byte code in InterruptCode.ByPriority)
        {
            if (((deliverable >> code) & 1) != 0)
            {
                Take(new Trap(code, true, 0));
                return;
            }
        }
    }

    private sealed class HartLine(Hart hart, int code) : IInterruptLine
    {
        public void Set(bool level) => hart.SetLine(code, level);
    }
}
