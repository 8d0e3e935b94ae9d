using CoveJit.Harts.Traps;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Extensions;

/// <summary>The legacy calls (SBI 3.0, chapter "Legacy Extensions") that old software still makes: timer, console, clearing an IPI, shutdown. Those that take a pointer to a hart mask are not offered.</summary>
internal sealed class LegacyExtension(ManagedMonitor monitor, TimeExtension time) : ISbiExtension
{
    public IEnumerable<uint> Identifiers => Functions.Select(f => f.Extension);

    public bool IsHostOnly => true;

    public IEnumerable<SbiFunction> Functions =>
    [
        new(0, 0, "set_timer", ["stime_value"], time.SetTimer),
        new(1, 0, "console_putchar", ["ch"], PutCharacter),
        new(2, 0, "console_getchar", [], GetCharacter),
        new(3, 0, "clear_ipi", [], ClearIpi),
        new(8, 0, "shutdown", [], Shutdown),
    ];

    private static SbiResult? ClearIpi(SbiCall call)
    {
        bool pending = (call.Hart.Mip & (1UL << InterruptCode.SupervisorSoftware)) != 0;
        call.Hart.SetSoftwarePending(InterruptCode.SupervisorSoftware, false);
        return SbiResult.Of(pending ? 1UL : 0);
    }

    private SbiResult? PutCharacter(SbiCall call)
    {
        monitor.Platform.ConsoleWrite([(byte)call[0]]);
        return SbiResult.Success;
    }

    private SbiResult? GetCharacter(SbiCall call)
    {
        Span<byte> buffer = stackalloc byte[1];
        return monitor.Platform.ConsoleRead(buffer) == 1 ? SbiResult.Of(buffer[0]) : SbiError.Failed;
    }

    private SbiResult? Shutdown(SbiCall call)
    {
        monitor.Platform.PowerOff(false);
        call.Hart.Halted = true;
        return null;
    }
}
