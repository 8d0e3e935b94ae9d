using CoveJit.Harts.Csrs;
using CoveJit.Harts.Execution;
using CoveJit.Harts.State;
using CoveJit.Harts.Traps;
using CoveJit.Isa;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts;

/// <summary>The hypervisor extension: its CSRs with their side effects, guest external interrupts, and its instructions (Privileged, "H").</summary>
public sealed unsafe partial class Hart
{
    private ulong _hideleg;

    /// <summary>The virtualization mode V: whether the hart executes a guest, in VS- or VU-mode.</summary>
    public bool IsVirtual
    {
        get;
        private set
        {
            field = value;
            _contextChanged = true;
        }
    }

    /// <summary>hstatus, without VSXL.</summary>
    public ulong Hstatus { get; private set; }

    /// <summary>hedeleg.</summary>
    public ulong Hedeleg { get; internal set; }

    /// <summary>hideleg.</summary>
    public ulong Hideleg => _hideleg & (InterruptCode.VirtualMask | GuestDelegable);

    /// <summary>hcounteren.</summary>
    public uint Hcounteren { get; internal set; }

    /// <summary>henvcfg.</summary>
    public ulong Henvcfg
    {
        get;
        private set
        {
            field = value;
            _contextChanged = true;
        }
    }

    /// <summary>htimedelta.</summary>
    public ulong Htimedelta { get; private set; }

    /// <summary>hgatp.</summary>
    public ulong Hgatp
    {
        get;
        private set
        {
            field = value;
            ChangeAddressSpace();
        }
    }

    /// <summary>vsatp.</summary>
    public ulong Vsatp
    {
        get;
        private set
        {
            field = value;
            ChangeAddressSpace();
        }
    }

    /// <summary>vstimecmp.</summary>
    public ulong Vstimecmp { get; private set; }

    /// <summary>hgeip: the guest external interrupt wires, bit n for interrupt n. Thread-safe.</summary>
    public ulong Hgeip => _interruptDomain.GuestExternal & GivenGuests;

    /// <summary>The virtual machine that hgatp names.</summary>
    public uint Vmid => (uint)(Hgatp >> 44) & ((1u << Configuration.VmidBits) - 1);

    internal ulong Hgeie => _interruptDomain.Hgeie & GivenGuests;

    internal ulong Htval { get; set; }

    internal ulong Htinst { get; set; }

    internal ulong Mtval2 { get; set; }

    internal ulong Mtinst { get; set; }

    internal ulong Vsstatus
    {
        get;
        private set
        {
            _contextChanged |= ((field ^ value) & (Csrs.Mstatus.Sum | Csrs.Mstatus.Mxr)) != 0;
            field = value;
        }
    }

    internal ulong Vstvec { get; set; }

    internal ulong Vsscratch { get; set; }

    internal ulong Vsepc { get; set; }

    internal ulong Vscause { get; set; }

    internal ulong Vstval { get; set; }

    internal ulong[] Hstateen { get; } = new ulong[4];

    internal bool HasHypervisor { get; }

    private bool VirtualTimerEnabled => (Henvcfg & Envcfg.Stce) != 0;

    /// <summary>The wire of guest external interrupt <paramref name="number"/>, 1 to <see cref="HartConfiguration.GuestExternalInterrupts"/>, into this hart.</summary>
    public IInterruptLine GuestExternalLine(int number) => InterruptDomains[0].GuestExternalLine(number);

    /// <summary>Drives a guest external interrupt wire (hgeip) of the first interrupt domain. Thread-safe.</summary>
    public void SetGuestExternal(int number, bool level) => InterruptDomains[0].SetGuestExternal(number, level);

    /// <summary>Forgets VS-stage translations: the effect of HFENCE.VVMA, also for managed remote fences.</summary>
    /// <param name="vmid">The virtual machine.</param>
    /// <param name="address">A guest virtual address, or null for all.</param>
    /// <param name="asid">A guest's address space, or null for all.</param>
    /// <param name="sdid">The supervisor domain whose virtual machine is meant; null for the one that the hart is in.</param>
    public void ForgetGuestVirtual(uint vmid, ulong? address, uint? asid, uint? sdid = null) => Tlb.Flush(TlbFence.GuestVirtual(vmid, address, asid, sdid ?? _sdid));

    /// <summary>Forgets G-stage translations: the effect of HFENCE.GVMA, also for managed remote fences.</summary>
    /// <param name="vmid">The virtual machine, or null for all.</param>
    /// <param name="sdid">The supervisor domain whose virtual machines are meant; null for the one that the hart is in.</param>
    public void ForgetGuestPhysical(uint? vmid, uint? sdid = null) => Tlb.Flush(TlbFence.GuestPhysical(vmid, sdid ?? _sdid));

    /// <inheritdoc/>
    public Flow FenceGuestVirtual(uint rs1, uint rs2)
    {
        if (!PermitsHypervisorInstruction())
        {
            return Flow.Trap;
        }

        ForgetGuestVirtual(Vmid, rs1 == 0 ? null : ReadRegister((int)rs1), AsidOperand(rs2));
        return Flow.Leave;
    }

    /// <inheritdoc/>
    public Flow FenceGuestPhysical(uint rs1, uint rs2)
    {
        if (!PermitsHypervisorInstruction())
        {
            return Flow.Trap;
        }

        if (Privilege == PrivilegeMode.Supervisor && (Mstatus & Csrs.Mstatus.Tvm) != 0)
        {
            return Illegal();
        }

        ForgetGuestPhysical(rs2 == 0 ? null : (uint)ReadRegister((int)rs2) & ((1u << Configuration.VmidBits) - 1));
        return Flow.Leave;
    }

    /// <inheritdoc/>
    public Flow VirtualMachineLoad(ulong address, uint rd, int size, bool signed)
    {
        if (!PermitsVirtualMachineAccess() || !LoadAsGuest(address, size, readAsExecute: false, out ulong value))
        {
            return Flow.Trap;
        }

        int unused = 64 - (8 * size);
        WriteRegister((int)rd, signed ? (ulong)((long)(value << unused) >> unused) : value);
        return Flow.Next;
    }

    /// <inheritdoc/>
    public Flow VirtualMachineLoadExecutable(ulong address, uint rd, int size)
    {
        if (!PermitsVirtualMachineAccess() || !LoadAsGuest(address, size, readAsExecute: true, out ulong value))
        {
            return Flow.Trap;
        }

        WriteRegister((int)rd, value);
        return Flow.Next;
    }

    /// <inheritdoc/>
    public Flow VirtualMachineStore(ulong address, ulong value, int size)
    {
        if (!PermitsVirtualMachineAccess())
        {
            return Flow.Trap;
        }

        AccessMode own = BeginGuestAccess(readAsExecute: false);
        bool done = Store(address, size, value); // by the slow path: rare enough
        EndGuestAccess(own);
        return done ? Flow.Next : Flow.Trap;
    }

    internal ulong ReadHstateen(int n) => Hstateen[n] & Mstateen[n];

    internal bool GuestStateEnabled(ulong bit) => (ReadHstateen(0) & bit) != 0;

    internal ulong ReadVsstatus()
    {
        SettleFloatState();
        return Vsstatus | Csrs.Mstatus.VirtualXl | ((Vsstatus & Csrs.Mstatus.Fs) == Csrs.Mstatus.Fs ? Csrs.Mstatus.Sd : 0);
    }

    internal void WriteVsstatus(ulong value)
    {
        SettleFloatState();
        Vsstatus = value & Csrs.Mstatus.SupervisorWritable & ~UnimplementedStatus;
        UpdateFloatState();
        RecheckInterrupts();
    }

    internal void WriteHstatus(ulong value)
    {
        // VGEIN is WLRL: a number without an interrupt is not taken.
        int vgein = (int)((value & Csrs.Hstatus.Vgein) >> Csrs.Hstatus.VgeinShift);
        if (vgein != 0 && ((GivenGuests >> vgein) & 1) == 0)
        {
            value = (value & ~Csrs.Hstatus.Vgein) | (Hstatus & Csrs.Hstatus.Vgein);
        }

        Hstatus = value & Csrs.Hstatus.Writable;
        RecheckInterrupts();
    }

    internal void WriteHideleg(ulong value)
    {
        _hideleg = value;
        RecheckInterrupts();
    }

    internal void WriteHgeie(ulong value)
    {
        _interruptDomain.Hgeie = (_interruptDomain.Hgeie & ~GivenGuests) | (value & GivenGuests);
        RecheckInterrupts();
    }

    internal void WriteHenvcfg(ulong value)
    {
        ulong old = Henvcfg;
        Henvcfg = LegalizeEnvcfg(old, value, Envcfg.MachineWritable & (~Envcfg.GatedByMachine | Menvcfg));
        if (((old ^ Henvcfg) & Envcfg.Sse) != 0)
        {
            FlushTranslations(); // at once, without a fence (Zicfiss); guests do not differ in it as a rule, so it is in no context
        }

        UpdateControlFlow();
        PollTimers();
    }

    internal void WriteHtimedelta(ulong value)
    {
        Htimedelta = value;
        PollTimers();
    }

    /// <summary>Writes vstimecmp and re-evaluates VSTIP.</summary>
    public void WriteVstimecmp(ulong value)
    {
        Vstimecmp = value;
        PollTimers();
    }

    // Unlike satp's, the fields are WARL one by one; a mode that does not exist is not taken. PPN[1:0] are zero: a root table has 16 KiB.
    internal void WriteHgatp(ulong value)
    {
        const ulong ModeField = 0xFUL << 60;
        ulong mode = IsTranslationMode((uint)(value >> 60)) ? value & ModeField : Hgatp & ModeField;
        ulong vmid = value & (((1UL << Configuration.VmidBits) - 1) << 44);
        Hgatp = mode | vmid | (value & ((1UL << 44) - 1) & ~3UL);
    }

    internal void WriteVsatp(ulong value) => Vsatp = LegalizeSatp(Vsatp, value);

    private void ResetHypervisorCsrs()
    {
        IsVirtual = false;
        Hstatus = Hedeleg = _hideleg = Henvcfg = Htimedelta = Hgatp = Htval = Htinst = Mtval2 = Mtinst = 0;
        Vsstatus = Vstvec = Vsscratch = Vsepc = Vscause = Vstval = Vsatp = 0;
        Hcounteren = 0;
        Vstimecmp = ulong.MaxValue;
        Array.Clear(Hstateen);
    }

    // The pending bits that the hypervisor extension derives: VSEIP of the guest interrupt that VGEIN selects, SGEIP of those that hgeie selects.
    private ulong GuestExternalPending()
    {
        ulong wires = Hgeip;
        if (wires == 0)
        {
            return 0;
        }

        ulong selected = (wires >> (int)((Hstatus & Csrs.Hstatus.Vgein) >> Csrs.Hstatus.VgeinShift)) & 1;
        return (selected << InterruptCode.VirtualSupervisorExternal) | ((wires & Hgeie) != 0 ? 1UL << InterruptCode.SupervisorGuestExternal : 0);
    }

    // When vstimecmp will raise VSTIP next: time + htimedelta, truncated to 64 bits, is compared with it.
    private ulong VirtualDeadline()
    {
        ulong now = Clock.Ticks;
        ulong left = Vstimecmp - Math.Min(Vstimecmp, now + Htimedelta);
        return now + Math.Min(left, ulong.MaxValue - now);
    }

    // HFENCE and HINVAL: in M- and HS-mode.
    private bool PermitsHypervisorInstruction()
    {
        if (IsVirtual)
        {
            VirtualInstruction();
            return false;
        }

        if (Privilege == PrivilegeMode.User)
        {
            Illegal();
            return false;
        }

        return true;
    }

    // HLV, HLVX and HSV: there, and under HU in U-mode.
    private bool PermitsVirtualMachineAccess() =>
        (!IsVirtual && Privilege == PrivilegeMode.User && (Hstatus & Csrs.Hstatus.Hu) != 0) || PermitsHypervisorInstruction();

    private bool LoadAsGuest(ulong address, int size, bool readAsExecute, out ulong value)
    {
        AccessMode own = BeginGuestAccess(readAsExecute);
        bool done;
        if ((address & (ulong)(size - 1)) == 0 && TlbBank.TryHit(_state->DataBank, address, AccessType.Read, out byte* host))
        {
            value = ReadHost(host, size);
            done = true;
        }
        else
        {
            done = Load(address, size, out value);
        }

        EndGuestAccess(own);
        return done;
    }

    // Makes loads and stores those of the guest, whatever MPRV says; returns what they were.
    private AccessMode BeginGuestAccess(bool readAsExecute)
    {
        AccessMode own = _dataMode;
        _dataMode = new AccessMode((Hstatus & Csrs.Hstatus.Spvp) != 0 ? PrivilegeMode.Supervisor : PrivilegeMode.User, true, readAsExecute);
        _state->DataBank = BankFor(_dataMode);
        return own;
    }

    private void EndGuestAccess(AccessMode own)
    {
        _dataMode = own;
        _state->DataBank = own == FetchMode ? _state->FetchBank : BankFor(own);
    }
}
