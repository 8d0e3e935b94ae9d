using CoveJit.Devices.Pcie;

namespace CoveJit.Tsm.Tests;

/// <summary>A function with four registers, one interrupt message and DMA by hand.</summary>
internal sealed class TestDevice : PcieFunction
{
    public const ulong Size = 0x4000;
    public const ulong MessageTable = 0x1000;

    private readonly uint[] _registers = new uint[4];

    public TestDevice(string name)
        : base(name, new FunctionIdentity(0x1234, 0xFF0000), interruptPin: 1)
    {
        AddBar(0, Size);
        Add(new ExpressCapability(PcieDeviceType.Endpoint, teeIo: true));
        Add(new MsixCapability(1, bar: 0, MessageTable));
    }

    public bool Signal()
    {
        lock (Gate)
        {
            return TrySignalMessage(0);
        }
    }

    protected override void OnReset() => _registers.AsSpan().Clear();

    protected override ulong ReadBar(int bar, ulong offset, int size) => offset < 16 ? _registers[offset / 4] : 0;

    protected override void WriteBar(int bar, ulong offset, int size, ulong value)
    {
        if (offset < 16)
        {
            _registers[offset / 4] = (uint)value;
        }
    }
}
