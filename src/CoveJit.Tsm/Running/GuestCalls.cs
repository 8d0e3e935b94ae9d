using System.Numerics;
using CoveJit.Harts;
using CoveJit.Harts.Traps;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Guests;

namespace CoveJit.Tsm.Running;

/// <summary>
/// The SBI of a TVM: calls from VS-mode. The TSM answers what concerns the TVM alone (Base, TIME, IPI, RFENCE, HSM, COVG); what needs the world
/// goes on to the host (SRST, DBCN); the rest is not supported.
/// </summary>
internal sealed class GuestCalls(SecurityManager tsm, VcpuSwitch switcher)
{
    private const uint Base = 0x10;
    private const uint Time = 0x54494D45;
    private const uint Ipi = 0x735049;
    private const uint RemoteFence = 0x52464E43;
    private const uint HartState = 0x48534D;
    private const uint SystemReset = 0x53525354;
    private const uint DebugConsole = 0x4442434E;
    private const uint LegacySetTimer = 0x00;
    private const uint LegacyShutdown = 0x08;

    private const ulong SpecificationVersion = 3UL << 24; // 3.0
    private const ulong Implementation = 0x4376_4A54;
    private const int EcallLength = 4;

    public void Handle(Hart hart, Vcpu vcpu)
    {
        ulong extension = hart.ReadRegister(17);
        ulong function = hart.ReadRegister(16);
        if (extension == (uint)CoveExtension.Guest)
        {
            HandleCove(hart, vcpu, function);
            return;
        }

        switch (extension)
        {
            case SystemReset or DebugConsole or LegacyShutdown:
                switcher.ExitWithCall(hart, vcpu, null);
                return;
            case HartState:
                HandleHartState(hart, vcpu, function);
                return;
            case Ipi when function == 0:
                SendInterrupt(hart, vcpu);
                return;
            case LegacySetTimer:
                hart.WriteVstimecmp(hart.ReadRegister(10));
                Return(hart, SbiResult.Success);
                return;
            default:
                Return(hart, Serve(hart, vcpu, extension, function));
                return;
        }
    }

    private static bool IsOffered(ulong extension) => extension is
        Base or Time or Ipi or RemoteFence or HartState or SystemReset or DebugConsole or LegacySetTimer or LegacyShutdown or (uint)CoveExtension.Guest;

    private static ulong Argument(Hart hart, int index) => hart.ReadRegister(10 + index);

    private void Return(Hart hart, SbiResult result)
    {
        tsm.Exits.Serve();
        hart.WriteRegister(10, (ulong)(long)result.Error);
        hart.WriteRegister(11, result.Value);
        hart.Pc += EcallLength;
    }

    private void HandleCove(Hart hart, Vcpu vcpu, ulong function)
    {
        CoveCall call = tsm.CallOf(hart);
        call.Tvm = vcpu.Tvm;
        call.Vcpu = vcpu;
        call.ExitsToHost = false;
        SbiResult? done = CoveAbi.TrySplit(function, out uint number, out uint sdid) && (sdid == 0 || sdid == tsm.Domain.Sdid)
            ? tsm.Dispatch(CoveExtension.Guest, number, call)
            : SbiError.NotSupported;
        if (done is not SbiResult result)
        {
            switcher.ExitForDevice(hart, vcpu);
        }
        else if (result.Error == SbiError.Success && call.ExitsToHost)
        {
            if (vcpu.Conversion.Length != 0)
            {
                vcpu.State = VcpuState.Blocked;
            }

            switcher.ExitWithCall(hart, vcpu, result);
        }
        else
        {
            Return(hart, result);
        }
    }

    private SbiResult Serve(Hart hart, Vcpu vcpu, ulong extension, ulong function)
    {
        switch (extension, function)
        {
            case (Base, 0):
                return SbiResult.Of(SpecificationVersion);
            case (Base, 1):
                return SbiResult.Of(Implementation);
            case (Base, 2):
                return SbiResult.Of(1);
            case (Base, 3):
                return SbiResult.Of(IsOffered(Argument(hart, 0)) ? 1UL : 0);
            case (Base, >= 4 and <= 6):
                return SbiResult.Of(0); // mvendorid, marchid, mimpid
            case (Time, 0):
                hart.WriteVstimecmp(Argument(hart, 0));
                return SbiResult.Success;
            case (RemoteFence, <= 2):
                return Fence(hart, vcpu, function);
            default:
                return SbiError.NotSupported;
        }
    }

    // The vCPUs that a pair (hart_mask, hart_mask_base) names; false if one does not exist.
    private static bool TrySelect(Hart hart, Tvm tvm, out ulong selected)
    {
        (ulong mask, ulong start) = (Argument(hart, 0), Argument(hart, 1));
        ulong all = 0;
        foreach (uint id in tvm.Vcpus.Keys)
        {
            all |= 1UL << (int)id;
        }

        selected = all;
        if (start == ulong.MaxValue)
        {
            return true;
        }

        selected = start < Tvm.MaximumVcpus ? mask << (int)start : 0;
        return mask == 0 || (start < Tvm.MaximumVcpus && selected >> (int)start == mask && (selected & ~all) == 0);
    }

    private SbiResult Fence(Hart hart, Vcpu vcpu, ulong function)
    {
        if (!TrySelect(hart, vcpu.Tvm, out _))
        {
            return SbiError.InvalidParam;
        }

        // vCPUs leave translations on every hart that they have been on. A fence of all of them is seldom more work than finding out.
        (uint vmid, uint sdid) = (vcpu.Tvm.Vmid, tsm.Domain.Sdid);
        uint? asid = function == 2 ? (uint)Argument(hart, 4) & 0xFFFF : null;
        Action<Hart> fence = function == 0 ? h => h.FenceInstruction() : h => h.ForgetGuestVirtual(vmid, null, asid, sdid);
        Span<ulong> tickets = stackalloc ulong[tsm.Harts.Count];
        foreach (Hart other in tsm.Harts)
        {
            if (other == hart)
            {
                fence(hart);
            }
            else
            {
                tickets[other.Id] = other.Post(fence);
            }
        }

        foreach (Hart other in tsm.Harts)
        {
            if (other != hart)
            {
                hart.Await(other, tickets[other.Id]);
            }
        }

        return SbiResult.Success;
    }

    private void SendInterrupt(Hart hart, Vcpu vcpu)
    {
        if (!TrySelect(hart, vcpu.Tvm, out ulong selected))
        {
            Return(hart, SbiError.InvalidParam);
            return;
        }

        bool wakes = false;
        for (; selected != 0; selected &= selected - 1)
        {
            Vcpu target = vcpu.Tvm.Vcpus[(uint)BitOperations.TrailingZeroCount(selected)];
            wakes |= !SetSoftwarePending(hart, target);
        }

        // The host may be waiting with a vCPU that had nothing to do: it is told who is to be woken.
        if (wakes)
        {
            switcher.ExitWithCall(hart, vcpu, SbiResult.Success);
        }
        else
        {
            Return(hart, SbiResult.Success);
        }
    }

    // False if the vCPU does not run.
    private bool SetSoftwarePending(Hart hart, Vcpu target)
    {
        if (target.State != VcpuState.Running)
        {
            target.Context.SetVirtualPending(InterruptCode.VirtualSupervisorSoftware, true);
            return false;
        }

        Hart its = tsm.Harts[target.Hart];
        if (its == hart)
        {
            hart.SetSoftwarePending(InterruptCode.VirtualSupervisorSoftware, true);
        }
        else
        {
            // The request must not wait for the lock: its holder may wait for the requests of this hart. If the vCPU has exited since, it had the interrupt then.
            target.PostInterrupt();
            its.Post(h =>
            {
                if (switcher.RunningOn(h) == target)
                {
                    VcpuSwitch.TakePosted(h, target);
                }
            });
        }

        return true;
    }

    private void HandleHartState(Hart hart, Vcpu vcpu, ulong function)
    {
        switch (function)
        {
            case 0:
                SbiResult started = Start(hart, vcpu.Tvm);
                if (started.Error == SbiError.Success)
                {
                    switcher.ExitWithCall(hart, vcpu, started); // so that the host runs it
                }
                else
                {
                    Return(hart, started);
                }

                break;
            case 1:
                vcpu.State = VcpuState.PoweredOff;
                switcher.ExitWithCall(hart, vcpu, SbiResult.Success);
                break;
            case 2:
                Return(hart, Status(hart, vcpu.Tvm));
                break;
            case 3 when (uint)Argument(hart, 0) == 0 && hart.HasGuestInterrupt: // default retentive suspend: as good as WFI
                Return(hart, SbiResult.Success);
                break;
            case 3 when (uint)Argument(hart, 0) == 0:
                switcher.ExitWithCall(hart, vcpu, SbiResult.Success);
                break;
            default:
                Return(hart, SbiError.NotSupported);
                break;
        }
    }

    private SbiResult Start(Hart hart, Tvm tvm)
    {
        (ulong id, ulong address, ulong opaque) = (Argument(hart, 0), Argument(hart, 1), Argument(hart, 2));
        if (id >= Tvm.MaximumVcpus || !tvm.Vcpus.TryGetValue((uint)id, out Vcpu? target))
        {
            return SbiError.InvalidParam;
        }

        if (target.State != VcpuState.PoweredOff)
        {
            return SbiError.AlreadyAvailable;
        }

        if ((address & 1) != 0 || !tvm.HasAddresses(address, 2) || tvm.Regions[address] != RegionKind.Confidential)
        {
            return SbiError.InvalidAddress;
        }

        switcher.Prepare(target);
        target.Start(address, opaque);
        return SbiResult.Success;
    }

    private static SbiResult Status(Hart hart, Tvm tvm)
    {
        const ulong Started = 0;
        const ulong Stopped = 1;
        ulong id = Argument(hart, 0);
        return id < Tvm.MaximumVcpus && tvm.Vcpus.TryGetValue((uint)id, out Vcpu? vcpu)
            ? SbiResult.Of(vcpu.State == VcpuState.PoweredOff ? Stopped : Started)
            : SbiError.InvalidParam;
    }
}
