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

    /// <summary>The exception that was recorded last.</summary>
    internal Trap PendingTrap => _pendingTrap;

    /// <summary>Records an exception of the current instruction. Always false, so that slow paths can end with it.</summary>
    internal bool Fault(TrapCause cause, ulong value)
    {
        _pendingTrap = Trap.Exception(cause, value) with { IsGuestVirtual = IsGuestAddress(cause), IsDeniedByTable = _deniedByTable };
        _deniedByTable = false;
        return false;
    }

    /// <summary>Records an illegal-instruction exception; xtval is filled with the instruction's bits when the trap is taken.</summary>
    internal Flow Illegal()
    {
        _pendingTrap = Trap.Exception(TrapCause.IllegalInstruction, 0);
        return Flow.Trap;
    }

    /// <summary>Records a virtual-instruction exception; xtval as for an illegal instruction.</summary>
    internal Flow VirtualInstruction()
    {
        _pendingTrap = Trap.Exception(TrapCause.VirtualInstruction, 0);
        return Flow.Trap;
    }

    /// <summary>Takes an exception at <see cref="Pc"/>, at the level that it is delegated to.</summary>
    internal void Take(in Trap exception) => Take(
        exception,
        Privilege == PrivilegeMode.Machine || !IsDelegated(exception, Medeleg) ? TrapLevel.Machine
        : IsVirtual && IsDelegated(exception, Hedeleg) ? TrapLevel.VirtualSupervisor
        : TrapLevel.Supervisor);

    // VS level's interrupts have S level's causes where they are taken; they are counted by their own codes, one above.
    private static int CountOf(in Trap trap, TrapLevel level)
    {
        const int Interrupts = 64;
        int cause = (int)(trap.Cause & 63);
        return !trap.IsInterrupt ? cause : Interrupts + cause + (level == TrapLevel.VirtualSupervisor && cause < InterruptCode.SupervisorGuestExternal ? 1 : 0);
    }

    // Takes a trap at Pc: at the managed service if it owns the level, otherwise through xtvec.
    private void Take(in Trap trap, TrapLevel level)
    {
        TrapCounts[CountOf(trap, level)]++;
        _reservation.Valid = false;
        _waiting = false;
        TrapTrace?.Invoke(this, trap);
        switch (level)
        {
            case TrapLevel.VirtualSupervisor:
                TakeInVirtualSupervisor(trap);
                break;
            case TrapLevel.Supervisor:
                TakeAtSupervisor(trap);
                break;
            default:
                if (MachineService is null || MachineService.Handle(this, trap) == TrapAction.Vector)
                {
                    TakeInMachine(trap);
                }

                break;
        }
    }

    /// <summary>
    /// Takes an exception that M-mode leaves to the levels below: in VS-mode if it comes from a guest and hedeleg delegates it, otherwise in HS-mode
    /// (S-mode). How a managed service reflects a trap it does not handle.
    /// </summary>
    public void TakeInSupervisor(in Trap exception)
    {
        if (IsVirtual && IsDelegated(exception, Hedeleg))
        {
            TakeInVirtualSupervisor(exception);
        }
        else
        {
            TakeAtSupervisor(exception);
        }
    }

    // In HS-mode, or at the managed service that is there in its place.
    private void TakeAtSupervisor(in Trap trap)
    {
        if (SupervisorService is null || SupervisorService.Handle(this, trap) == TrapAction.Vector)
        {
            TakeInHypervisor(trap);
        }
    }

    private static bool IsDelegated(in Trap exception, ulong delegated) => ((delegated >> (int)exception.Cause) & 1) != 0;

    private void TakeInHypervisor(in Trap trap)
    {
        if (Privilege == PrivilegeMode.Supervisor && !IsVirtual && IsUnfetchable(trap, Stvec))
        {
            Stuck?.Invoke(this, trap, Sepc);
        }

        if (HasHypervisor)
        {
            ulong hypervisorStatus = Hstatus & ~(Csrs.Hstatus.Spv | Csrs.Hstatus.Gva);
            if (IsVirtual)
            {
                hypervisorStatus = (hypervisorStatus & ~Csrs.Hstatus.Spvp) | Csrs.Hstatus.Spv | (Privilege == PrivilegeMode.Supervisor ? Csrs.Hstatus.Spvp : 0);
            }

            Hstatus = hypervisorStatus | (trap.IsGuestVirtual ? Csrs.Hstatus.Gva : 0);
            Htval = trap.GuestPhysical >> 2;
            Htinst = TrapInstruction(trap);
        }

        Sepc = _state->Pc;
        Scause = trap.CauseRegister;
        Stval = trap.Value;
        Mstatus = StackSupervisor(Mstatus);
        _state->Pc = Vector(Stvec, trap);
        SetMode(PrivilegeMode.Supervisor, isVirtual: false);
    }

    private void TakeInVirtualSupervisor(in Trap trap)
    {
        Vsepc = _state->Pc;
        Vscause = trap.CauseRegister;
        Vstval = trap.Value;
        Vsstatus = StackSupervisor(Vsstatus);
        _state->Pc = Vector(Vstvec, trap);
        SetMode(PrivilegeMode.Supervisor, isVirtual: true);
    }

    // sstatus or vsstatus on entry to a trap: SIE to SPIE, the privilege mode to SPP.
    private ulong StackSupervisor(ulong status)
    {
        ulong enabled = (status & Csrs.Mstatus.Sie) != 0 ? Csrs.Mstatus.Spie : 0;
        status &= ~(Csrs.Mstatus.Spie | Csrs.Mstatus.Spp | Csrs.Mstatus.Sie | Csrs.Mstatus.Spelp);
        return status | enabled | (TakeLandingPad() ? Csrs.Mstatus.Spelp : 0) | (Privilege == PrivilegeMode.Supervisor ? Csrs.Mstatus.Spp : 0);
    }

    // The reverse, on return.
    private static ulong UnstackSupervisor(ulong status)
    {
        ulong enabled = (status & Csrs.Mstatus.Spie) != 0 ? Csrs.Mstatus.Sie : 0;
        return (status & ~(Csrs.Mstatus.Sie | Csrs.Mstatus.Spp | Csrs.Mstatus.Spelp)) | Csrs.Mstatus.Spie | enabled;
    }

    private bool Fault(TrapCause cause, ulong address, WalkStatus status, in WalkResult walk)
    {
        Fault(cause, address);
        if (status == WalkStatus.GuestPageFault)
        {
            _pendingTrap = _pendingTrap with { GuestPhysical = walk.GuestAddress, ImplicitAccess = walk.ImplicitAccess };
        }

        return false;
    }

    // Makes the recorded exception one of an access to another address in the page: cache-block instructions access more than they name.
    private void FaultAt(ulong address)
    {
        Trap trap = _pendingTrap;
        ulong offset = (TrapCause)trap.Cause == TrapCause.StoreGuestPageFault && trap.ImplicitAccess is null ? address - trap.Value : 0;
        _pendingTrap = trap with { Value = address, GuestPhysical = trap.GuestPhysical + offset };
    }

    // Whether what an exception writes to xtval is a guest virtual address (Privileged, fields GVA).
    private bool IsGuestAddress(TrapCause cause) => cause switch
    {
        TrapCause.InstructionMisaligned or TrapCause.InstructionAccessFault or TrapCause.InstructionPageFault or TrapCause.InstructionGuestPageFault
            or TrapCause.Breakpoint => IsVirtual,
        _ => IsExplicitAccess(cause) && _dataMode.IsVirtual,
    };

    private static bool IsExplicitAccess(TrapCause cause) => cause is TrapCause.LoadMisaligned or TrapCause.LoadAccessFault or TrapCause.LoadPageFault
        or TrapCause.LoadGuestPageFault or TrapCause.StoreMisaligned or TrapCause.StoreAccessFault or TrapCause.StorePageFault or TrapCause.StoreGuestPageFault;

    /// <summary>
    /// What htinst or mtinst receives of a trap (Privileged, "Transformed Instruction or Pseudoinstruction"). The hart is still as the trapped
    /// instruction found it.
    /// </summary>
    public ulong TrapInstruction(in Trap trap)
    {
        const ulong Read64 = 0x3000; // pseudoinstructions of implicit accesses
        const ulong Write64 = 0x3020;
        if (trap.ImplicitAccess is AccessType implicitAccess)
        {
            return implicitAccess == AccessType.Write ? Write64 : Read64;
        }

        if (trap.IsInterrupt || !IsExplicitAccess((TrapCause)trap.Cause) || !Fetch(_state->Pc, out uint raw))
        {
            return 0;
        }

        DecodedInstruction instruction = Decoder.Decode(raw, Configuration.Extensions);
        ulong address = ReadRegister(instruction.Rs1) + (OpInfo.Kind(instruction.Op) is OpKind.Load or OpKind.Store ? (ulong)(long)instruction.Imm : 0);
        return TransformedInstruction.Of(instruction, (uint)(trap.Value - address));
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

        ulong gained = 0;
        if (HasHypervisor)
        {
            gained = (trap.IsGuestVirtual ? Csrs.Mstatus.Gva : 0) | (IsVirtual ? Csrs.Mstatus.Mpv : 0);
            Mtval2 = trap.GuestPhysical >> 2;
            Mtinst = TrapInstruction(trap);
        }

        Mepc = _state->Pc;
        Mcause = trap.CauseRegister;
        Mtval = trap.Value;
        ulong status = Mstatus & ~(Csrs.Mstatus.Mpie | Csrs.Mstatus.Mpp | Csrs.Mstatus.Mie | Csrs.Mstatus.Mpelp | Csrs.Mstatus.HypervisorWritable);
        status |= TakeLandingPad() ? Csrs.Mstatus.Mpelp : 0;
        status |= (Mstatus & Csrs.Mstatus.Mie) != 0 ? Csrs.Mstatus.Mpie : 0;
        status |= (ulong)Privilege << Csrs.Mstatus.MppShift;
        Mstatus = status | gained;
        _state->Pc = Vector(Mtvec, trap);
        SetMode(PrivilegeMode.Machine, isVirtual: false);
    }

    private void ReturnFromMachine()
    {
        PrivilegeMode target = (PrivilegeMode)((Mstatus & Csrs.Mstatus.Mpp) >> Csrs.Mstatus.MppShift);
        bool isVirtual = target != PrivilegeMode.Machine && (Mstatus & Csrs.Mstatus.Mpv) != 0;
        bool expected = (Mstatus & Csrs.Mstatus.Mpelp) != 0;
        ulong status = Mstatus & ~(Csrs.Mstatus.Mie | Csrs.Mstatus.Mpp | Csrs.Mstatus.Mpv | Csrs.Mstatus.Mpelp);
        status |= (Mstatus & Csrs.Mstatus.Mpie) != 0 ? Csrs.Mstatus.Mie : 0;
        status |= Csrs.Mstatus.Mpie;
        if (target != PrivilegeMode.Machine)
        {
            status &= ~Csrs.Mstatus.Mprv;
        }

        Mstatus = status;
        _state->Pc = Mepc;
        SetMode(target, isVirtual);
        RestoreLandingPad(expected);
    }

    private void ReturnFromSupervisor()
    {
        ulong status = IsVirtual ? Vsstatus : Mstatus;
        PrivilegeMode target = (status & Csrs.Mstatus.Spp) != 0 ? PrivilegeMode.Supervisor : PrivilegeMode.User;
        bool expected = (status & Csrs.Mstatus.Spelp) != 0;
        if (IsVirtual)
        {
            Vsstatus = UnstackSupervisor(Vsstatus);
            _state->Pc = Vsepc;
            SetMode(target, isVirtual: true);
            RestoreLandingPad(expected);
            return;
        }

        bool isVirtual = (Hstatus & Csrs.Hstatus.Spv) != 0;
        Hstatus &= ~Csrs.Hstatus.Spv;
        Mstatus = UnstackSupervisor(Mstatus) & ~Csrs.Mstatus.Mprv;
        _state->Pc = Sepc;
        SetMode(target, isVirtual);
        RestoreLandingPad(expected);
    }
}
