using CoveJit.Harts;
using CoveJit.Memory.Translation;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Extensions;

/// <summary>System Suspend Extension, EID "SUSP" (SBI 3.0, chapter "System Suspend Extension"): suspend to RAM, ended by any enabled interrupt.</summary>
internal sealed class SystemSuspendExtension(ManagedMonitor monitor) : ISbiExtension
{
    private const uint Eid = 0x53555350;
    private const uint SuspendToRam = 0;

    public IEnumerable<uint> Identifiers => [Eid];

    public bool IsHostOnly => true;

    public IEnumerable<SbiFunction> Functions => [new(Eid, 0, "system_suspend", ["sleep_type", "resume_addr", "opaque"], Suspend)];

    private SbiResult? Suspend(SbiCall call)
    {
        Hart caller = call.Hart;
        (uint type, ulong resume, ulong opaque) = ((uint)call[0], call[1], call[2]);
        if (type != SuspendToRam)
        {
            return SbiError.InvalidParam;
        }

        if (!SharedMemory.IsExecutable(caller.Map.Ram, resume))
        {
            return SbiError.InvalidAddress;
        }

        // Only the caller could start another hart, so what holds here goes on holding.
        foreach (Hart hart in monitor.Platform.Harts)
        {
            if (hart != caller && monitor.HartStates.Get(hart) != HartStatus.Stopped)
            {
                return SbiError.Denied;
            }
        }

        caller.Enter(PrivilegeMode.Supervisor, resume, (ulong)caller.Id, opaque);
        monitor.HartStates.Suspend(caller);
        return null;
    }
}
