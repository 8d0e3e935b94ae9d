using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Extensions;

/// <summary>System Reset Extension, EID "SRST" (SBI 3.0, chapter "System Reset Extension").</summary>
internal sealed class SystemResetExtension(ManagedMonitor monitor) : ISbiExtension
{
    private const uint Eid = 0x53525354;

    public IEnumerable<uint> Identifiers => [Eid];

    public bool IsHostOnly => true;

    public IEnumerable<SbiFunction> Functions => [new(Eid, 0, "system_reset", ["reset_type", "reset_reason"], Reset)];

    private SbiResult? Reset(SbiCall call)
    {
        uint type = (uint)call[0];
        uint reason = (uint)call[1];
        if (reason > 1)
        {
            return SbiError.InvalidParam;
        }

        switch (type)
        {
            case 0:
                monitor.Platform.PowerOff(reason == 1);
                break;
            case 1 or 2:
                monitor.Platform.Reboot();
                break;
            default:
                return SbiError.InvalidParam;
        }

        call.Hart.Halted = true;
        return null;
    }
}
