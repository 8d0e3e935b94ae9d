using CoveJit.Devices.Power;
using CoveJit.Devices.Tests.BoardFakes;

namespace CoveJit.Devices.Tests.Power;

public class TestFinisherTests
{
    private readonly RecordingPower _power = new();
    private readonly TestFinisher _finisher;

    public TestFinisherTests() => _finisher = new TestFinisher("test", _power);

    [Theory]
    [InlineData(0x5555, 4, ShutdownKind.PowerOff, 0)]
    [InlineData(0x5555, 2, ShutdownKind.PowerOff, 0)]
    [InlineData(0x5555, 8, ShutdownKind.PowerOff, 0)]
    [InlineData(0x7777, 4, ShutdownKind.Reset, 0)]
    [InlineData(0x3333, 2, ShutdownKind.Fail, 0)]
    [InlineData(0x0007_3333, 4, ShutdownKind.Fail, 7)]
    [InlineData(0xFFFF_3333, 4, ShutdownKind.Fail, 0xFFFF)]
    [InlineData(0x0001_5555, 4, ShutdownKind.PowerOff, 0)]
    public void A_command_becomes_a_request(uint value, int size, ShutdownKind kind, int code)
    {
        _finisher.Write(0, value, size);
        Assert.Equal([new ShutdownRequest(kind, (ushort)code)], _power.Requests);
    }

    [Fact]
    public void Other_values_and_offsets_ask_for_nothing()
    {
        _finisher.Write(0, 0x5554);
        _finisher.Write(0, 0x5555_0000);
        _finisher.Write(4, 0x5555);
        _finisher.Write(0xFFC, 0x5555);
        Assert.Empty(_power.Requests);
        Assert.Equal(0u, _finisher.Read(0));
    }

    [Theory]
    [InlineData(0u, 1)]
    [InlineData(1u, 4)]
    [InlineData(2u, 4)]
    [InlineData(4u, 8)]
    [InlineData(0x1000u, 4)]
    public void Bytes_misaligned_words_and_what_lies_beyond_are_refused(uint offset, int size)
    {
        Assert.False(_finisher.TryRead(offset, size, out _));
        Assert.False(_finisher.TryWrite(offset, size, 0x5555));
        Assert.Empty(_power.Requests);
    }

    [Fact]
    public void Hostile_accesses_never_throw() => BusAccess.Fuzz(_finisher, 1, 20_000, [0, 4, 8, 0xFFC]);

    private sealed class RecordingPower : IPowerControl
    {
        public List<ShutdownRequest> Requests { get; } = [];

        public void Request(ShutdownRequest request) => Requests.Add(request);
    }
}
