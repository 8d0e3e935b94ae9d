using CoveJit.Harts;
using CoveJit.Memory.Translation;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Extensions;

/// <summary>Hart State Management Extension, EID "HSM" (SBI 3.0, chapter "Hart State Management Extension").</summary>
internal sealed class HsmExtension(ManagedMonitor monitor) : ISbiExtension
{
    private const uint Eid = 0x48534D;
    private const uint RetentiveDefault = 0;
    private const uint NonRetentiveDefault = 0x80000000;

    public IEnumerable<uint> Identifiers => [Eid];

    public IEnumerable<SbiFunction> Functions =>
    [
        new(Eid, 0, "hart_start", ["hartid", "start_addr", "opaque"], Start),
        new(Eid, 1, "hart_stop", [], Stop),
        new(Eid, 2, "hart_get_status", ["hartid"], Status),
        new(Eid, 3, "hart_suspend", ["suspend_type", "resume_addr", "opaque"], Suspend),
    ];

    private SbiResult? Start(SbiCall call)
    {
        ulong id = call[0];
        ulong address = call[1];
        ulong opaque = call[2];
        if (id >= (ulong)monitor.Platform.Harts.Count)
        {
            return SbiError.InvalidParam;
        }

        Hart target = monitor.Platform.Harts[(int)id];
        if (!target.Map.Ram.Contains(address, 4))
        {
            return SbiError.InvalidAddress;
        }

        if (!monitor.HartStates.TryMove(target.Id, HartStatus.Stopped, HartStatus.StartPending))
        {
            return SbiError.AlreadyAvailable;
        }

        target.Post(hart =>
        {
            hart.Enter(PrivilegeMode.Supervisor, address, (ulong)hart.Id, opaque);
            hart.Halted = false;
            monitor.HartStates.Set(hart.Id, HartStatus.Started);
        });
        return SbiResult.Success;
    }

    private SbiResult? Stop(SbiCall call)
    {
        call.Hart.Halted = true;
        monitor.HartStates.Set(call.Hart.Id, HartStatus.Stopped);
        return null;
    }

    private SbiResult? Status(SbiCall call) =>
        call[0] >= (ulong)monitor.Platform.Harts.Count ? SbiError.InvalidParam : SbiResult.Of((ulong)monitor.HartStates.Get((int)call[0]));

    private SbiResult? Suspend(SbiCall call)
    {
        uint type = (uint)call[0];
        switch (type)
        {
            case RetentiveDefault:
                call.Hart.BeginWait();
                return SbiResult.Success;
            case NonRetentiveDefault when !call.Hart.Map.Ram.Contains(call[1], 4):
                return SbiError.InvalidAddress;
            case NonRetentiveDefault:
                call.Hart.Enter(PrivilegeMode.Supervisor, call[1], (ulong)call.Hart.Id, call[2]);
                call.Hart.BeginWait();
                return null;
            default:
                return type is > 0x0FFFFFFF and < 0x80000000 ? SbiError.NotSupported : SbiError.InvalidParam;
        }
    }
}
