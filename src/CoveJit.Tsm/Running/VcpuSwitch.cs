using System.Buffers.Binary;
using CoveJit.Harts;
using CoveJit.Harts.Csrs;
using CoveJit.Harts.State;
using CoveJit.Harts.Traps;
using CoveJit.Memory.Translation;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Devices;
using CoveJit.Tsm.Guests;
using CoveJit.Tsm.Interrupts;

namespace CoveJit.Tsm.Running;

/// <summary>
/// Takes harts into TVMs and out of them (CoVE, "TVM execution"): mmpt and SDID of the confidential domain, the vCPU's registers and CSRs, hgatp; and
/// back, with what the host is told of the exit. While a hart is in a TVM, its traps to HS-mode come here.
/// </summary>
internal sealed class VcpuSwitch : ITrapService
{
    private const uint Htimedelta = 0x605;
    private const uint Htval = 0x643;
    private const uint Hvip = 0x645;
    private const uint Htinst = 0x64A;
    private const uint Vsie = 0x204;
    private const uint Vstimecmp = 0x24D;

    // Everything but what stays with the TSM: ecalls from VS-mode, guest-page faults, virtual instructions.
    private const ulong DelegatedExceptions = 0xB1FF;
    private const uint TimeCounter = 1 << 1;
    private const ulong Environment = Envcfg.Stce | Envcfg.Pbmte | Envcfg.Adue | Envcfg.Cbze | Envcfg.Cbcfe | Envcfg.Cbie;

    private const uint WaitForInterrupt = 0x1050_0073;
    private const uint WaitOnReservation = 0x00D0_0073; // WRS.NTO, in U-mode too
    private const ulong PageMask = 0xFFF;
    private const int EcallLength = 4;
    private const int FirstArgument = 10;
    private const int Arguments = 8; // a0 to a7

    private readonly SecurityManager _tsm;
    private readonly GuestCalls _guestCalls;
    private readonly Vcpu?[] _running;
    private readonly SupervisorContext[] _hosts;

    // In which epoch of a TVM a hart has last forgotten its translations, by VMID: never the same for two TVMs.
    private readonly Dictionary<uint, ulong>[] _epochs;

    public VcpuSwitch(SecurityManager tsm)
    {
        _tsm = tsm;
        _guestCalls = new GuestCalls(tsm, this);
        _running = new Vcpu?[tsm.Harts.Count];
        _hosts = [.. tsm.Harts.Select(_ => new SupervisorContext())];
        _epochs = [.. tsm.Harts.Select(_ => new Dictionary<uint, ulong>())];
    }

    /// <summary>The vCPU that a hart runs; null if it is the host's.</summary>
    public Vcpu? RunningOn(Hart hart) => _running[hart.Id];

    /// <summary>Sets up what a vCPU starts with that is new, or starts again.</summary>
    public void Prepare(Vcpu vcpu)
    {
        SupervisorContext context = vcpu.Context = new SupervisorContext();
        context.IsVirtual = true;
        context.Privilege = PrivilegeMode.Supervisor;
        context.Mmpt = _tsm.Domain.Mmpt;
        context.Mstatus = Mstatus.Fs; // as far as HS-mode is concerned; the TVM has its own field
        context.Hgatp = vcpu.Tvm.Stage.Hgatp(vcpu.Tvm.Vmid);
        context.Hedeleg = DelegatedExceptions;
        context.Hideleg = InterruptCode.VirtualMask;
        context.Henvcfg = Environment;
        context.Hcounteren = TimeCounter;
        context.Scounteren = TimeCounter; // as firmware leaves it to kernels, which do not all set it: programs read the time by themselves
        context.Hstateen[0] = StateEnableCsrs.Envcfg | StateEnableCsrs.StateEnable;
    }

    /// <summary>Sets CSRs of a vCPU's VS-mode as its software might have set them: what their fields cannot hold is not taken. The hart is the host's.</summary>
    public void Reflect(Hart hart, Vcpu vcpu, IEnumerable<(uint Number, ulong Value)> csrs)
    {
        _tsm.Root.SwitchGuest(hart, _tsm.Domain, _hosts[hart.Id], vcpu.Context);
        foreach ((uint number, ulong value) in csrs)
        {
            CsrTable.For(hart.Configuration)[number]!.Write(hart, value);
        }

        _tsm.Root.SwitchGuest(hart, _tsm.Root.Host, vcpu.Context, _hosts[hart.Id]);
    }

    /// <summary>Runs a vCPU on the calling hart: <c>run_tvm_vcpu</c>. The call returns when it exits.</summary>
    public SbiResult? Enter(CoveCall call)
    {
        (Hart hart, Vcpu vcpu, Tvm tvm) = (call.Hart, call.Vcpu, call.Tvm);
        if (_tsm.SharedMemoryOf(hart) is not SharedMemory shared)
        {
            return SbiError.NoShmem;
        }

        if (vcpu.State == VcpuState.Blocked && IsConverted(vcpu))
        {
            vcpu.State = VcpuState.Runnable;
        }

        bool bound = vcpu.Imsic is { State: BindingState.Bound, File: GuestFile file } && file.Hart == hart;
        if (tvm.State != TvmState.Runnable || vcpu.State != VcpuState.Runnable || (vcpu.Imsic is not null && !bound))
        {
            return SbiError.Failed;
        }

        if (vcpu.Operation is DeviceOperation operation)
        {
            if (_tsm.Devices!.Resume(hart, operation, shared) is not SbiResult result)
            {
                ShowCall(hart, vcpu, shared);
                return SbiResult.Success;
            }

            Return(vcpu, result);
        }

        Complete(vcpu, shared);
        if (bound)
        {
            SelectInterruptFile(vcpu.Context, vcpu.Imsic!.File!.Number);
        }

        bool external = !bound && vcpu.AllowsAnyInterrupt && ((shared.ReadCsr(Hvip) >> InterruptCode.VirtualSupervisorExternal) & 1) != 0;
        vcpu.Context.SetVirtualPending(InterruptCode.VirtualSupervisorExternal, external);

        // Whether it may wait on the hart by itself is the host's to say, as it would of a virtual machine of its own: somebody else may want the hart.
        vcpu.Context.Hstatus = (vcpu.Context.Hstatus & ~Hstatus.Vtw) | (hart.Hstatus & Hstatus.Vtw);
        Dictionary<uint, ulong> epochs = _epochs[hart.Id];
        if (!epochs.TryGetValue(tvm.Vmid, out ulong epoch) || epoch != tvm.Epoch)
        {
            epochs[tvm.Vmid] = tvm.Epoch;
            hart.ForgetGuestPhysical(tvm.Vmid, _tsm.Domain.Sdid);
        }

        vcpu.Epoch = tvm.Epoch;
        vcpu.State = VcpuState.Running;
        vcpu.Hart = hart.Id;
        _running[hart.Id] = vcpu;
        _tsm.Exits.Enter();
        hart.SupervisorService = this;
        _tsm.Root.SwitchGuest(hart, _tsm.Domain, _hosts[hart.Id], vcpu.Context);
        return null;
    }

    /// <inheritdoc/>
    public TrapAction Handle(Hart hart, in Trap trap)
    {
        hart.Enter(_tsm.Gate);
        try
        {
            Vcpu vcpu = _running[hart.Id]!;
            TakePosted(hart, vcpu);
            Handle(hart, vcpu, trap);
            _tsm.Check?.Invoke();
        }
        finally
        {
            _tsm.Gate.Exit();
        }

        return TrapAction.Resume;
    }

    /// <summary>Makes an IPI pending that another vCPU has sent; on the hart that runs the vCPU.</summary>
    public static void TakePosted(Hart hart, Vcpu vcpu)
    {
        if (vcpu.TakePostedInterrupt())
        {
            hart.SetSoftwarePending(InterruptCode.VirtualSupervisorSoftware, true);
        }
    }

    /// <summary>Ends the run of a vCPU whose call waits for a device, or is to be made again.</summary>
    public void ExitForDevice(Hart hart, Vcpu vcpu)
    {
        SharedMemory shared = _tsm.SharedMemoryOf(hart)!;
        Exit(hart, vcpu, (ulong)TrapCause.EcallFromVs);
        ShowCall(hart, vcpu, shared);
    }

    /// <summary>Ends the run of a vCPU with a call that the host is told of.</summary>
    /// <param name="hart">Its hart.</param>
    /// <param name="vcpu">The vCPU; its registers hold the call's arguments.</param>
    /// <param name="result">What the call returns, if the TSM has done it; null if the host does.</param>
    public void ExitWithCall(Hart hart, Vcpu vcpu, SbiResult? result)
    {
        SharedMemory shared = _tsm.SharedMemoryOf(hart)!;
        for (int i = FirstArgument; i < FirstArgument + Arguments; i++)
        {
            shared[i] = hart.ReadRegister(i);
        }

        Exit(hart, vcpu, (ulong)TrapCause.EcallFromVs, showsTimer: true);
        vcpu.Pending = new PendingOperation(result is null ? PendingKind.Ecall : PendingKind.Skip, Length: EcallLength);
        if (result is SbiResult done)
        {
            vcpu.Context[FirstArgument] = (ulong)(long)done.Error;
            vcpu.Context[FirstArgument + 1] = done.Value;
        }
    }

    // What the host is told of a call that waits for a device: as of one that it answers.
    private static void ShowCall(Hart hart, Vcpu vcpu, SharedMemory shared)
    {
        for (int i = FirstArgument; i < FirstArgument + Arguments; i++)
        {
            shared[i] = vcpu.Context[i];
        }

        hart.Scause = (ulong)TrapCause.EcallFromVs;
        hart.Stval = 0;
    }

    // The call that waited for a device is over.
    private static void Return(Vcpu vcpu, SbiResult result)
    {
        vcpu.Operation = null;
        vcpu.Context[FirstArgument] = (ulong)(long)result.Error;
        vcpu.Context[FirstArgument + 1] = result.Value;
        vcpu.Context.Pc += EcallLength;
    }

    private static void SelectInterruptFile(SupervisorContext context, int number)
    {
        context.Hstatus = (context.Hstatus & ~Hstatus.Vgein) | ((ulong)number << Hstatus.VgeinShift);
        context.Hstateen[0] |= StateEnableCsrs.Imsic | StateEnableCsrs.Aia | StateEnableCsrs.Csrind;
    }

    // Does what was left of the instruction that made the vCPU exit.
    private static void Complete(Vcpu vcpu, SharedMemory shared)
    {
        PendingOperation pending = vcpu.Pending;
        SupervisorContext context = vcpu.Context;
        vcpu.Pending = default;
        switch (pending.Kind)
        {
            case PendingKind.Ecall:
                context[FirstArgument] = shared[FirstArgument];
                context[FirstArgument + 1] = shared[FirstArgument + 1];
                break;
            case PendingKind.MmioLoad:
                int unused = 64 - (8 * pending.Size);
                ulong value = shared[MmioAccess.HostRegister] << unused;
                context[pending.Register] = pending.Signed ? (ulong)((long)value >> unused) : value >> unused;
                break;
            default:
                break;
        }

        context.Pc += (ulong)pending.Length;
    }

    // Whether what was mapped in the range that a vCPU has shared or unshared is gone.
    private static bool IsConverted(Vcpu vcpu)
    {
        Tvm tvm = vcpu.Tvm;
        return tvm.Stage.ForEach(
            vcpu.Conversion.Start,
            vcpu.Conversion.Length,
            leaf => leaf.IsShared == (tvm.Regions[leaf.GuestAddress] == RegionKind.Shared));
    }

    private void Handle(Hart hart, Vcpu vcpu, in Trap trap)
    {
        if (trap.IsInterrupt)
        {
            // It stays pending: the host takes it when it allows interrupts again.
            Exit(hart, vcpu, trap.CauseRegister, showsTimer: true);
            return;
        }

        switch ((TrapCause)trap.Cause)
        {
            case TrapCause.EcallFromVs:
                _guestCalls.Handle(hart, vcpu);
                break;
            case TrapCause.LoadGuestPageFault or TrapCause.StoreGuestPageFault or TrapCause.InstructionGuestPageFault:
                HandlePageFault(hart, vcpu, trap);
                break;
            case TrapCause.VirtualInstruction:
                HandleVirtualInstruction(hart, vcpu, trap);
                break;
            default:
                vcpu.Tvm.State = TvmState.Dead;
                Exit(hart, vcpu, trap.Cause, resumable: false);
                break;
        }
    }

    private void HandlePageFault(Hart hart, Vcpu vcpu, in Trap trap)
    {
        Tvm tvm = vcpu.Tvm;
        ulong address = trap.GuestPhysical;
        bool fetch = (TrapCause)trap.Cause == TrapCause.InstructionGuestPageFault && trap.ImplicitAccess is null;
        bool exists = tvm.HasAddresses(address, 1);
        RegionKind kind = exists ? tvm.Regions[address] : RegionKind.None;
        if (kind == RegionKind.Mmio)
        {
            HandleMmio(hart, vcpu, trap);
            return;
        }

        if (kind == RegionKind.Device && tvm.Stage.Find(address).State != LeafState.Present)
        {
            HandleMissingDevice(hart, trap);
            return;
        }

        if (kind == RegionKind.InterruptFile && tvm.Stage.Find(address).State == LeafState.Absent)
        {
            HandleMessage(hart, vcpu, trap);
            return;
        }

        if (fetch && (kind == RegionKind.Shared || kind == RegionKind.InterruptFile || kind == RegionKind.Device))
        {
            Inject(hart, TrapCause.InstructionAccessFault, trap.Value); // what the host can write is never executed
            return;
        }

        GuestLeaf leaf = exists ? tvm.Stage.Find(address) : default;
        if (leaf.State == LeafState.Present && !(fetch && leaf.IsShared))
        {
            return; // mapped meanwhile
        }

        if (leaf.State == LeafState.Absent && kind == RegionKind.Confidential && _tsm.TryAddZeroPage(tvm, address & ~PageMask))
        {
            return;
        }

        Exit(hart, vcpu, trap.Cause, htval: (address & ~PageMask) >> 2);
    }

    private void HandleMmio(Hart hart, Vcpu vcpu, in Trap trap)
    {
        TrapCause cause = (TrapCause)trap.Cause;
        if (trap.ImplicitAccess is not null || cause == TrapCause.InstructionGuestPageFault || !MmioAccess.TryParse(hart.TrapInstruction(trap), trap.GuestPhysical, out MmioAccess access))
        {
            InjectAccessFault(hart, trap);
            return;
        }

        vcpu.Pending = access.IsStore
            ? new PendingOperation(PendingKind.Skip, Length: access.Length)
            : new PendingOperation(PendingKind.MmioLoad, access.Register, access.Size, access.Signed, access.Length);
        if (access.IsStore)
        {
            _tsm.SharedMemoryOf(hart)![MmioAccess.HostRegister] = access.Truncate(hart.ReadRegister(access.Register));
        }

        Exit(hart, vcpu, trap.Cause, trap.GuestPhysical & 3, trap.GuestPhysical >> 2, access.HostInstruction);
    }

    // An access to the interrupt file of a vCPU that is bound to none: the TSM takes messages in its place, and the host is told for whom.
    private void HandleMessage(Hart hart, Vcpu vcpu, in Trap trap)
    {
        const ulong LittleEndian = 0;
        const ulong BigEndian = 4;
        ulong page = trap.GuestPhysical & ~PageMask;
        ulong offset = trap.GuestPhysical & PageMask;
        VirtualImsic? target = vcpu.Tvm.Vcpus.Values.FirstOrDefault(other => other.Imsic?.GuestAddress == page)?.Imsic;
        if (target is null
            || trap.ImplicitAccess is not null
            || (TrapCause)trap.Cause == TrapCause.InstructionGuestPageFault
            || !MmioAccess.TryParse(hart.TrapInstruction(trap), trap.GuestPhysical, out MmioAccess access)
            || access.Size != sizeof(uint))
        {
            InjectAccessFault(hart, trap);
            return;
        }

        if (!access.IsStore)
        {
            hart.WriteRegister(access.Register, 0);
            hart.Pc += (ulong)access.Length;
            return;
        }

        uint data = (uint)hart.ReadRegister(access.Register);
        if (offset is LittleEndian or BigEndian)
        {
            target.Software.Signal(offset == BigEndian ? BinaryPrimitives.ReverseEndianness(data) : data);
        }

        vcpu.Pending = new PendingOperation(PendingKind.Skip, Length: access.Length);
        Exit(hart, vcpu, trap.Cause, htval: page >> 2);
    }

    // An access to a device interface that does not run: as to a device that is gone, reads give ones and writes are lost.
    private static void HandleMissingDevice(Hart hart, in Trap trap)
    {
        if (trap.ImplicitAccess is not null
            || (TrapCause)trap.Cause == TrapCause.InstructionGuestPageFault
            || !MmioAccess.TryParse(hart.TrapInstruction(trap), trap.GuestPhysical, out MmioAccess access))
        {
            InjectAccessFault(hart, trap);
            return;
        }

        if (!access.IsStore)
        {
            hart.WriteRegister(access.Register, access.Signed ? ulong.MaxValue : access.Truncate(ulong.MaxValue));
        }

        hart.Pc += (ulong)access.Length;
    }

    private void HandleVirtualInstruction(Hart hart, Vcpu vcpu, in Trap trap)
    {
        if (trap.Value != WaitOnReservation && (trap.Value != WaitForInterrupt || hart.Privilege != PrivilegeMode.Supervisor))
        {
            // It would be legal in HS-mode, and there is none for a TVM to be in.
            Inject(hart, TrapCause.IllegalInstruction, trap.Value);
        }
        else if (hart.HasGuestInterrupt)
        {
            hart.Pc += sizeof(uint);
        }
        else
        {
            vcpu.Pending = new PendingOperation(PendingKind.Skip, Length: sizeof(uint));
            Exit(hart, vcpu, trap.Cause, trap.Value, htinst: trap.Value, showsTimer: true);
        }
    }

    private static void InjectAccessFault(Hart hart, in Trap trap) => Inject(
        hart,
        (TrapCause)trap.Cause switch
        {
            TrapCause.LoadGuestPageFault => TrapCause.LoadAccessFault,
            TrapCause.StoreGuestPageFault => TrapCause.StoreAccessFault,
            _ => TrapCause.InstructionAccessFault,
        },
        trap.Value);

    private static void Inject(Hart hart, TrapCause cause, ulong value) => hart.TakeInSupervisor(Trap.Exception(cause, value));

    // Back to the host, with the call that has run the vCPU returning.
    private void Exit(
        Hart hart, Vcpu vcpu, ulong scause, ulong stval = 0, ulong htval = 0, ulong htinst = 0, bool resumable = true, bool showsTimer = false)
    {
        hart.SupervisorService = null;
        _tsm.Root.SwitchGuest(hart, _tsm.Root.Host, vcpu.Context, _hosts[hart.Id]);
        _running[hart.Id] = null;
        vcpu.Hart = -1;
        if (vcpu.State == VcpuState.Running)
        {
            vcpu.State = VcpuState.Runnable;
        }

        _tsm.Exits.Exit(scause);
        SharedMemory shared = _tsm.SharedMemoryOf(hart)!;
        shared.WriteCsr(Htval, htval);
        shared.WriteCsr(Htinst, htinst);
        if (showsTimer)
        {
            shared.WriteCsr(Htimedelta, vcpu.Context.Htimedelta);
            shared.WriteCsr(Vstimecmp, vcpu.Context.Vstimecmp);
            shared.WriteCsr(Vsie, vcpu.Context.Vsie);
        }

        hart.Scause = scause;
        hart.Stval = stval;
        hart.WriteRegister(FirstArgument, 0);
        hart.WriteRegister(FirstArgument + 1, resumable ? 0 : 1UL);
    }
}
