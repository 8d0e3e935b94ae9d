using CoveJit.Memory.Bus;

namespace CoveJit.Tsm.Tests;

internal sealed class FakeClock : IClock
{
    public ulong Frequency => 10_000_000;

    public ulong Ticks { get; set; }

    public ulong RealTime => Ticks * 100;
}
