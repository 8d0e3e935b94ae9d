using CoveJit.Monitor.Pmu;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Extensions;

/// <summary>Timer Extension, EID "TIME" (SBI 3.0, chapter "Timer Extension"), on top of Sstc: the call sets stimecmp.</summary>
internal sealed class TimeExtension(ManagedMonitor monitor) : ISbiExtension
{
    private const uint Eid = 0x54494D45;

    public IEnumerable<uint> Identifiers => [Eid];

    public IEnumerable<SbiFunction> Functions => [new(Eid, 0, "set_timer", ["stime_value"], SetTimer)];

    /// <summary>Also legacy call 0.</summary>
    public SbiResult? SetTimer(SbiCall call)
    {
        monitor.Pmu(call.Hart).Counts.Add(FirmwareEvent.SetTimer);
        call.Hart.WriteStimecmp(call[0]);
        return SbiResult.Success;
    }
}
