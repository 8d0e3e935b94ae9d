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

    public bool IsHostOnly => true;

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
        if (!SharedMemory.IsExecutable(target.Map.Ram, address))
        {
            return SbiError.InvalidAddress;
        }

        if (!monitor.HartStates.TryMove(target, HartStatus.Stopped, HartStatus.StartPending))
        {
            return SbiError.AlreadyAvailable;
        }

        target.Post(hart =>
        {
            monitor.Prepare(hart);
            hart.Enter(PrivilegeMode.Supervisor, address, (ulong)hart.Id, opaque);
            hart.Halted = false;
            monitor.HartStates.Set(hart, HartStatus.Started);
        });
        return SbiResult.Success;
    }

    private SbiResult? Stop(SbiCall call)
    {
        call.Hart.Halted = true;
        monitor.HartStates.Set(call.Hart, HartStatus.Stopped);
        return null;
    }

    private SbiResult? Status(SbiCall call) =>
        call[0] >= (ulong)monitor.Platform.Harts.Count ? SbiError.InvalidParam : SbiResult.Of((ulong)monitor.HartStates.Get(monitor.Platform.Harts[(int)call[0]]));

    private SbiResult? Suspend(SbiCall call)
    {
        uint type = (uint)call[0];
        switch (type)
        {
            case RetentiveDefault:
                monitor.HartStates.Suspend(call.Hart);
                return SbiResult.Success;
            case NonRetentiveDefault when !SharedMemory.IsExecutable(call.Hart.Map.Ram, call[1]):
                return SbiError.InvalidAddress;
            case NonRetentiveDefault:
                call.Hart.Enter(PrivilegeMode.Supervisor, call[1], (ulong)call.Hart.Id, call[2]);
                monitor.HartStates.Suspend(call.Hart);
                return null;
            default:
                return SbiError.InvalidParam; // reserved, or platform-specific and unimplemented
        }
    }
}
