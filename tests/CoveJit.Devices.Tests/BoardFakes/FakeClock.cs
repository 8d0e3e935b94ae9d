using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Tests.BoardFakes;

/// <summary>A clock the test sets.</summary>
internal sealed class FakeClock : IClock
{
    public ulong Frequency => 10_000_000;

    public ulong Ticks { get; set; }

    public ulong RealTime { get; set; }
}
