using CoveJit.Harts.Csrs;
using CoveJit.Harts.Traps;
using CoveJit.Isa;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts;

/// <summary>Exceptions, trap entry and return (Privileged, "Trap Delegation" and "Trap-Return Instructions").</summary>
public sealed unsafe partial class Hart
{
    private Trap _pendingTrap;

    /// <summary>Called with every trap before it is taken, on the hart's thread; null unless traps are traced.</summary>
    public Action<Hart, Trap>? TrapTrace { get; set; }

    /// <summary>
    /// Called, on the hart's thread, when the first instruction of a trap handler itself cannot be executed: the hart would trap for ever.
    /// Receives the trap, with <see cref="Pc"/> at the handler, and the address at which the trap before it was taken.
    /// </summary>
    public Action<Hart, Trap, ulong>? Stuck { get; set; }

    /// <summary>Records an exception of the current instruction. Always false, so that slow paths can end with it.</summary>
    internal bool Fault(TrapCause cause, ulong value)
    {
        _pendingTrap = Trap.Exception(cause, value);
        return false;
    }

    /// <summary>Records an illegal-instruction exception; xtval is filled with the instruction's bits when the trap is taken.</summary>
    internal Flow Illegal()
    {
        _pendingTrap = Trap.Exception(TrapCause.IllegalInstruction, 0);
        return Flow.Trap;
    }

    /// <summary>Takes an exception at <see cref="Pc"/>: at the managed service if it owns the target level, otherwise through xtvec.</summary>
    internal void Take(in Trap trap) => Take(trap, Privilege == PrivilegeMode.Machine || ((Medeleg >> (int)trap.Cause) & 1) == 0);

    // Takes a trap at the level it is for.
    private void Take(in Trap trap, bool inMachine)
    {
        TrapCounts[(trap.IsInterrupt ? 64 : 0) + (int)(trap.Cause & 63)]++;
        _reservation.Valid = false;
        _waiting = false;
        TrapTrace?.Invoke(this, trap);
        if (!inMachine)
        {
            TakeInSupervisor(trap);
        }
        else if (MachineService is null || MachineService.Handle(this, trap) == TrapAction.Vector)
        {
            TakeInMachine(trap);
        }
    }

    /// <summary>Takes a trap in S-mode: also how a managed service reflects a trap it does not handle.</summary>
    public void TakeInSupervisor(in Trap trap)
    {
        if (Privilege == PrivilegeMode.Supervisor && IsUnfetchable(trap, Stvec))
        {
            Stuck?.Invoke(this, trap, Sepc);
        }

        Sepc = _state->Pc;
        Scause = trap.CauseRegister;
        Stval = trap.Value;
        ulong status = Mstatus & ~(Csrs.Mstatus.Spie | Csrs.Mstatus.Spp | Csrs.Mstatus.Sie);
        status |= (Mstatus & Csrs.Mstatus.Sie) != 0 ? Csrs.Mstatus.Spie : 0;
        status |= Privilege == PrivilegeMode.Supervisor ? Csrs.Mstatus.Spp : 0;
        Mstatus = status;
        _state->Pc = Vector(Stvec, trap);
        SetPrivilege(PrivilegeMode.Supervisor);
    }

    private static ulong Vector(ulong xtvec, in Trap trap)
    {
        ulong target = xtvec & ~3UL;
        return (xtvec & 3) == 1 && trap.IsInterrupt ? target + (4 * trap.Cause) : target;
    }

    // A wild jump usually ends here, with xtvec never set, or pointing to memory that holds no code.
    private bool IsUnfetchable(in Trap trap, ulong xtvec) =>
        _state->Pc == (xtvec & ~3UL)
        && !trap.IsInterrupt
        && (TrapCause)trap.Cause is TrapCause.InstructionAccessFault or TrapCause.InstructionPageFault or TrapCause.IllegalInstruction;

    private void TakeInMachine(in Trap trap)
    {
        if (Privilege == PrivilegeMode.Machine && IsUnfetchable(trap, Mtvec))
        {
            Stuck?.Invoke(this, trap, Mepc);
        }

        Mepc = _state->Pc;
        Mcause = trap.CauseRegister;
        Mtval = trap.Value;
        ulong status = Mstatus & ~(Csrs.Mstatus.Mpie | Csrs.Mstatus.Mpp | Csrs.Mstatus.Mie);
        status |= (Mstatus & Csrs.Mstatus.Mie) != 0 ? Csrs.Mstatus.Mpie : 0;
        status |= (ulong)Privilege << Csrs.Mstatus.MppShift;
        Mstatus = status;
        _state->Pc = Vector(Mtvec, trap);
        SetPrivilege(PrivilegeMode.Machine);
    }

    private void ReturnFromMachine()
    {
        PrivilegeMode target = (PrivilegeMode)((Mstatus & Csrs.Mstatus.Mpp) >> Csrs.Mstatus.MppShift);
        ulong status = Mstatus & ~(Csrs.Mstatus.Mie | Csrs.Mstatus.Mpp);
        status |= (Mstatus & Csrs.Mstatus.Mpie) != 0 ? Csrs.Mstatus.Mie : 0;
        status |= Csrs.Mstatus.Mpie;
        if (target != PrivilegeMode.Machine)
        {
            status &= ~Csrs.Mstatus.Mprv;
        }

        Mstatus = status;
        _state->Pc = Mepc;
        SetPrivilege(target);
    }

    private void ReturnFromSupervisor()
    {
        PrivilegeMode target = (Mstatus & Csrs.Mstatus.Spp) != 0 ? PrivilegeMode.Supervisor : PrivilegeMode.User;
        ulong status = Mstatus & ~(Csrs.Mstatus.Sie | Csrs.Mstatus.Spp | Csrs.Mstatus.Mprv);
        status |= (Mstatus & Csrs.Mstatus.Spie) != 0 ? Csrs.Mstatus.Sie : 0;
        status |= Csrs.Mstatus.Spie;
        Mstatus = status;
        _state->Pc = Sepc;
        SetPrivilege(target);
    }
}
