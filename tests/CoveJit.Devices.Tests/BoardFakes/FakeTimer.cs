using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Tests.BoardFakes;

internal sealed class FakeTimer : IHartTimer
{
    public ulong Compare { get; set; } = ulong.MaxValue;
}
