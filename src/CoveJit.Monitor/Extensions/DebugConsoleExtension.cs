using CoveJit.Harts;
using CoveJit.Memory.Protection;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Extensions;

/// <summary>Debug Console Extension, EID "DBCN" (SBI 3.0, chapter "Debug Console Extension").</summary>
internal sealed class DebugConsoleExtension(ManagedMonitor monitor) : ISbiExtension
{
    private const uint Eid = 0x4442434E;

    // A call moves at most this many bytes; the caller repeats, as the specification lets it be told.
    private const int MaximumBytes = 4096;

    public IEnumerable<uint> Identifiers => [Eid];

    public IEnumerable<SbiFunction> Functions =>
    [
        new(Eid, 0, "debug_console_write", ["num_bytes", "base_addr_lo", "base_addr_hi"], Write),
        new(Eid, 1, "debug_console_read", ["num_bytes", "base_addr_lo", "base_addr_hi"], Read),
        new(Eid, 2, "debug_console_write_byte", ["byte"], WriteByte),
    ];

    private SbiResult? Write(SbiCall call)
    {
        Hart hart = call.Hart;
        if (!SharedMemory.IsAccessible(monitor, hart, call[1], call[2], call[0], MptPermissions.Read))
        {
            return SbiError.InvalidParam;
        }

        int count = (int)Math.Min(call[0], MaximumBytes);
        Span<byte> buffer = stackalloc byte[count];
        hart.Map.Ram.TryRead(call[1], buffer);
        monitor.Platform.ConsoleWrite(buffer);
        return SbiResult.Of((ulong)count);
    }

    private SbiResult? Read(SbiCall call)
    {
        Hart hart = call.Hart;
        if (!SharedMemory.IsAccessible(monitor, hart, call[1], call[2], call[0]))
        {
            return SbiError.InvalidParam;
        }

        Span<byte> buffer = stackalloc byte[(int)Math.Min(call[0], MaximumBytes)];
        int count = monitor.Platform.ConsoleRead(buffer);
        hart.Map.Ram.TryWrite(call[1], buffer[..count]);
        return SbiResult.Of((ulong)count);
    }

    private SbiResult? WriteByte(SbiCall call)
    {
        monitor.Platform.ConsoleWrite([(byte)call[0]]);
        return SbiResult.Success;
    }
}
