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
        Fault(TrapCause.EcallFromU + (uint)Privilege, 0);
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
        if (Privilege == PrivilegeMode.User || (Privilege == PrivilegeMode.Supervisor && (Mstatus & Csrs.Mstatus.Tsr) != 0))
        {
            return Illegal();
        }

        ReturnFromSupervisor();
        return Flow.Redirect;
    }

    /// <inheritdoc/>
    public Flow IllegalInstruction() => Illegal();

    /// <inheritdoc/>
    public Flow WaitForInterrupt()
    {
        // TW gives less privileged modes a bounded time; ours is zero. U-mode may not wait at all where S-mode exists.
        if (Privilege == PrivilegeMode.User || (Privilege == PrivilegeMode.Supervisor && (Mstatus & Csrs.Mstatus.Tw) != 0))
        {
            return Illegal();
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
        if (Privilege == PrivilegeMode.User || (Privilege == PrivilegeMode.Supervisor && (Mstatus & Csrs.Mstatus.Tvm) != 0))
        {
            return Illegal();
        }

        uint? asid = rs2 == 0 ? null : (uint)ReadRegister((int)rs2) & ((1u << Configuration.AsidBits) - 1);
        FenceAddressSpace(rs1 == 0 ? null : ReadRegister((int)rs1), asid);
        return Flow.Leave;
    }

    /// <summary>Forgets translations of this hart: the effect of SFENCE.VMA, also for managed remote fences.</summary>
    /// <param name="address">A virtual address, or null for all.</param>
    /// <param name="asid">An address space, or null for all.</param>
    public void FenceAddressSpace(ulong? address, uint? asid)
    {
        switch (address, asid)
        {
            case (null, null):
                Tlb.FlushAll();
                break;
            case (null, uint a):
                Tlb.FlushAsid(a);
                break;
            case (ulong va, _):
                Tlb.FlushAddress(va, asid);
                break;
        }
    }

    /// <inheritdoc/>
    public Flow FenceInvalidation() => Privilege == PrivilegeMode.User ? Illegal() : Flow.Next;

    /// <inheritdoc/>
    public Flow CsrReadWrite(uint csr, uint rd, ulong value)
    {
        Csr? register = Access(csr, writes: true);
        if (register is null)
        {
            return Illegal();
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
        bool permitted = operation == CacheBlockOperation.Invalidate
            ? EnvironmentPermits(Envcfg.Cbie)
            : EnvironmentPermits(Envcfg.Cbcfe);
        if (!permitted)
        {
            return Illegal();
        }

        // Memory is coherent: nothing to do but the checks. A block may be managed if it may be read or written; faults are store faults.
        ulong block = address & ~(ulong)(HartConfiguration.CacheBlockSize - 1);
        if (Resolve(block, HartConfiguration.CacheBlockSize, AccessType.Read, out _)
            || Resolve(block, HartConfiguration.CacheBlockSize, AccessType.Write, out _))
        {
            return Flow.Next;
        }

        _pendingTrap = _pendingTrap with { Value = address };
        return Flow.Trap;
    }

    /// <inheritdoc/>
    public Flow CacheBlockZero(ulong address)
    {
        if (!EnvironmentPermits(Envcfg.Cbze))
        {
            return Illegal();
        }

        ulong block = address & ~(ulong)(HartConfiguration.CacheBlockSize - 1);
        if (TlbBank.TryHit(_state->DataBank, block, AccessType.Write, out byte* host))
        {
            new Span<byte>(host, HartConfiguration.CacheBlockSize).Clear();
            return Flow.Next;
        }

        if (!Resolve(block, HartConfiguration.CacheBlockSize, AccessType.Write, out ulong physical))
        {
            _pendingTrap = _pendingTrap with { Value = address };
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

    // menvcfg gates everything below M, senvcfg everything below S.
    private bool EnvironmentPermits(ulong field) =>
        Privilege == PrivilegeMode.Machine
        || ((Menvcfg & field) != 0 && (Privilege == PrivilegeMode.Supervisor || (Senvcfg & field) != 0));

    private Flow CsrReadModify(uint csr, uint rd, ulong set, ulong clear, bool writes)
    {
        Csr? register = Access(csr, writes);
        if (register is null)
        {
            return Illegal();
        }

        if (!writes)
        {
            WriteRegister((int)rd, register.Read(this));
            return Flow.Next;
        }

        WriteRegister((int)rd, register.Update(this, set, clear));
        return AfterCsrWrite();
    }

    // The register if it exists and the current mode may access it so (Privileged, "CSR Address Mapping Conventions").
    private Csr? Access(uint number, bool writes)
    {
        Csr? register = _csrs[number];
        if (register is null
            || (uint)Privilege < ((number >> 8) & 3)
            || (writes && (number >> 10) == 3)
            || !register.Permits(this))
        {
            return null;
        }

        return register;
    }

    private Flow AfterCsrWrite()
    {
        bool changed = UpdateContext();
        return changed || _state->Attention != 0 ? Flow.Leave : Flow.Next;
    }
}
