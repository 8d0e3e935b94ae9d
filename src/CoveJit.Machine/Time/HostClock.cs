using System.Diagnostics;
using CoveJit.Memory.Bus;

namespace CoveJit.Machines.Time;

/// <summary>The machine's time as the host's time: starts at 0 when the machine is made.</summary>
public sealed class HostClock : IClock
{
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <inheritdoc/>
    public ulong Frequency => BoardTime.Frequency;

    /// <inheritdoc/>
    public ulong Ticks => (ulong)((Stopwatch.GetTimestamp() - _start) / (Stopwatch.Frequency / (long)BoardTime.Frequency));

    /// <inheritdoc/>
    public ulong RealTime => (ulong)(DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100;
}
