using System.Diagnostics.CodeAnalysis;
using CoveJit.Harts.Csrs;
using CoveJit.Harts.Traps;
using CoveJit.Isa;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts;

/// <summary>System instructions: guards first, the effect last.</summary>
public sealed unsafe partial class Hart
{
    /// <inheritdoc/>
    public Flow EnvironmentCall()
    {
        Fault(IsVirtual && Privilege == PrivilegeMode.Supervisor ? TrapCause.EcallFromVs : TrapCause.EcallFromU + (uint)Privilege, 0);
        return Flow.Trap;
    }

    /// <inheritdoc/>
    public Flow Breakpoint()
    {
        Fault(TrapCause.Breakpoint, _state->Pc);
        return Flow.Trap;
    }

    /// <inheritdoc/>
    public Flow MachineReturn()
    {
        if (Privilege != PrivilegeMode.Machine)
        {
            return Illegal();
        }

        ReturnFromMachine();
        return Flow.Redirect;
    }

    /// <inheritdoc/>
    public Flow SupervisorReturn()
    {
        if (!PermitsSupervisorInstruction(Csrs.Mstatus.Tsr, Csrs.Hstatus.Vtsr))
        {
            return Flow.Trap;
        }

        ReturnFromSupervisor();
        return Flow.Redirect;
    }

    /// <inheritdoc/>
    public Flow IllegalInstruction() => Illegal();

    /// <inheritdoc/>
    public Flow WaitForInterrupt()
    {
        // TW and VTW give less privileged modes a bounded time; ours is zero. U-mode may not wait at all where S-mode exists.
        if (Privilege != PrivilegeMode.Machine && (Mstatus & Csrs.Mstatus.Tw) != 0)
        {
            return Illegal();
        }

        if (!PermitsSupervisorInstruction(0, Csrs.Hstatus.Vtw))
        {
            return Flow.Trap;
        }

        _waiting = true;
        return Flow.Leave;
    }

    /// <inheritdoc/>
    public Flow WaitOnReservation(bool shortTimeout)
    {
        if (!shortTimeout && Privilege != PrivilegeMode.Machine && (Mstatus & Csrs.Mstatus.Tw) != 0)
        {
            return Illegal();
        }

        if (!shortTimeout && IsVirtual && (Hstatus & Csrs.Hstatus.Vtw) != 0)
        {
            return VirtualInstruction();
        }

        // Both forms may end at any time; another hart's store is what the guest waits for.
        return Pause();
    }

    /// <inheritdoc/>
    public Flow Pause()
    {
        _yielding = true;
        return Flow.Leave;
    }

    /// <inheritdoc/>
    public Flow Fence(uint fm, uint pred, uint succ)
    {
        // On an x86 host only a store followed by a load can be reordered (pred W, succ R); I/O is performed in order anyway.
        if ((pred & 1) != 0 && (succ & 2) != 0 && fm != 8)
        {
            Interlocked.MemoryBarrier();
        }

        return Flow.Next;
    }

    /// <inheritdoc/>
    public Flow FenceInstruction()
    {
        Code.ForgetYoungPages();
        return Flow.Leave;
    }

    /// <inheritdoc/>
    public Flow FenceVirtualMemory(uint rs1, uint rs2)
    {
        if (!PermitsSupervisorInstruction(Csrs.Mstatus.Tvm, Csrs.Hstatus.Vtvm))
        {
            return Flow.Trap;
        }

        ulong? address = rs1 == 0 ? null : ReadRegister((int)rs1);
        if (IsVirtual)
        {
            ForgetGuestVirtual(Vmid, address, AsidOperand(rs2));
        }
        else
        {
            FenceAddressSpace(address, AsidOperand(rs2));
        }

        return Flow.Leave;
    }

    /// <summary>Forgets translations of HS-, U- and M-mode: the effect of SFENCE.VMA with V = 0, also for managed remote fences.</summary>
    /// <param name="address">A virtual address, or null for all.</param>
    /// <param name="asid">An address space, or null for all.</param>
    /// <param name="sdid">The supervisor domain whose address spaces are meant; null for the one that the hart is in.</param>
    public void FenceAddressSpace(ulong? address, uint? asid, uint? sdid = null) => Tlb.Flush(TlbFence.Supervisor(address, asid, sdid ?? _sdid));

    /// <inheritdoc/>
    public Flow FenceInvalidation() => PermitsSupervisorInstruction(0, 0) ? Flow.Next : Flow.Trap;

    /// <inheritdoc/>
    public Flow CsrReadWrite(uint csr, uint rd, ulong value)
    {
        if (!TryAccess(csr, writes: true, out Csr? register))
        {
            return Flow.Trap;
        }

        if (rd == 0)
        {
            register.Write(this, value);
        }
        else
        {
            WriteRegister((int)rd, register.Update(this, value, ~value));
        }

        return AfterCsrWrite();
    }

    /// <inheritdoc/>
    public Flow CsrReadSet(uint csr, uint rd, ulong mask, bool writes) => CsrReadModify(csr, rd, mask, 0, writes);

    /// <inheritdoc/>
    public Flow CsrReadClear(uint csr, uint rd, ulong mask, bool writes) => CsrReadModify(csr, rd, 0, mask, writes);

    /// <inheritdoc/>
    public Flow CacheBlock(CacheBlockOperation operation, ulong address)
    {
        if (!EnvironmentPermits(operation == CacheBlockOperation.Invalidate ? Envcfg.Cbie : Envcfg.Cbcfe))
        {
            return Flow.Trap;
        }

        // Memory is coherent: nothing to do but the checks. A block may be managed if it may be read or written; faults are store faults.
        ulong block = address & ~(ulong)(HartConfiguration.CacheBlockSize - 1);
        if (Resolve(block, HartConfiguration.CacheBlockSize, AccessType.Read, out _)
            || Resolve(block, HartConfiguration.CacheBlockSize, AccessType.Write, out _))
        {
            if (!IsShadowStackPage(block))
            {
                return Flow.Next;
            }

            Fault(TrapCause.StoreAccessFault, address);
            return Flow.Trap;
        }

        FaultAt(address);
        return Flow.Trap;
    }

    /// <inheritdoc/>
    public Flow CacheBlockZero(ulong address)
    {
        if (!EnvironmentPermits(Envcfg.Cbze))
        {
            return Flow.Trap;
        }

        ulong block = address & ~(ulong)(HartConfiguration.CacheBlockSize - 1);
        if (TlbBank.TryHit(_state->DataBank, block, AccessType.Write, out byte* host))
        {
            new Span<byte>(host, HartConfiguration.CacheBlockSize).Clear();
            return Flow.Next;
        }

        if (!Resolve(block, HartConfiguration.CacheBlockSize, AccessType.Write, out ulong physical))
        {
            FaultAt(address);
            return Flow.Trap;
        }

        if (!Map.Ram.Contains(physical, HartConfiguration.CacheBlockSize))
        {
            Fault(TrapCause.StoreAccessFault, address);
            return Flow.Trap;
        }

        new Span<byte>(Map.Ram.HostAddress(physical), HartConfiguration.CacheBlockSize).Clear();
        Map.Ram.NotifyWrite(physical, HartConfiguration.CacheBlockSize);
        return Flow.Next;
    }

    private uint? AsidOperand(uint rs2) => rs2 == 0 ? null : (uint)ReadRegister((int)rs2) & ((1u << Configuration.AsidBits) - 1);

    // Whether the mode may execute a supervisor's instruction: M and HS may, VS may; a bit of mstatus or hstatus takes it from HS or VS. Records the exception.
    private bool PermitsSupervisorInstruction(ulong supervisorTrap, ulong virtualTrap)
    {
        if (Privilege == PrivilegeMode.Machine)
        {
            return true;
        }

        bool trapped = IsVirtual ? (Hstatus & virtualTrap) != 0 : (Mstatus & supervisorTrap) != 0;
        if (Privilege == PrivilegeMode.Supervisor && !trapped)
        {
            return true;
        }

        _ = IsVirtual ? VirtualInstruction() : Illegal();
        return false;
    }

    // menvcfg gates everything below M, henvcfg guests, senvcfg U and VU (CMO, "CSR controls for CMO instructions"). Records the exception.
    private bool EnvironmentPermits(ulong field)
    {
        if (Privilege == PrivilegeMode.Machine)
        {
            return true;
        }

        bool user = Privilege == PrivilegeMode.Supervisor || (Senvcfg & field) != 0;
        if ((Menvcfg & field) == 0 || (!IsVirtual && !user))
        {
            Illegal();
            return false;
        }

        if (IsVirtual && ((Henvcfg & field) == 0 || !user))
        {
            VirtualInstruction();
            return false;
        }

        return true;
    }

    private Flow CsrReadModify(uint csr, uint rd, ulong set, ulong clear, bool writes)
    {
        if (!TryAccess(csr, writes, out Csr? register))
        {
            return Flow.Trap;
        }

        if (!writes)
        {
            WriteRegister((int)rd, register.Read(this));
            return Flow.Next;
        }

        WriteRegister((int)rd, register.Update(this, set, clear));
        return AfterCsrWrite();
    }

    // The register to access, if it exists and the current mode may access it so (Privileged, "CSR Address Mapping Conventions"; for V = 1, the list of
    // cases of virtual-instruction exceptions). Otherwise records the exception.
    private bool TryAccess(uint number, bool writes, [NotNullWhen(true)] out Csr? register)
    {
        register = _csrs[number];
        uint level = (number >> 8) & 3; // 0 U, 1 S, 2 HS, 3 M
        bool readOnly = (number >> 10) == 3;
        if (register is null
            || (writes && readOnly)
            || (level == 3 && Privilege != PrivilegeMode.Machine)
            || (level != 0 && Privilege == PrivilegeMode.User && !IsVirtual)
            || !register.Permits(this))
        {
            Illegal();
            return false;
        }

        if (!IsVirtual)
        {
            return true;
        }

        // HS-mode could make this access.
        if (level == 2 || (level == 1 && Privilege == PrivilegeMode.User) || !register.PermitsVirtual(this, writes))
        {
            VirtualInstruction();
            return false;
        }

        register = _csrs.Replica(register);
        return true;
    }

    private Flow AfterCsrWrite()
    {
        bool changed = UpdateContext();
        return changed || _state->Attention != 0 ? Flow.Leave : Flow.Next;
    }
}
