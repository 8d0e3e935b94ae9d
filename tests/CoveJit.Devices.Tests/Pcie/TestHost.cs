using CoveJit.Devices.Pcie;
using CoveJit.Devices.Tests.BoardFakes;
using CoveJit.Devices.Tests.Virtio;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Tests.Pcie;

/// <summary>A root complex with a root port and a function in its slot, set up the way a kernel does it; RAM, messages and wires to look at.</summary>
internal sealed class TestHost : IPcieUpstream
{
    public const ulong LowWindow = 0x4000_0000, HighWindow = 0x4_0000_0000, Bar = 0x4010_0000, Messages = 0x2800_0000;
    public const int Command = 4, MemoryAndMaster = 6;

    private readonly IBusDevice _low;

    public TestHost(PcieFunction? function = null, int ramSize = 8 << 20)
    {
        Ram = new FakeRam(ramSize);
        Wires = [.. Enumerable.Range(0, 4).Select(_ => new FakeLine())];
        Complex = new RootComplex(this, Wires);
        Port = new RootPort("port1", 1);
        Complex.Root.Add(1, Port);
        _low = Complex.Window("low", LowWindow);
        if (function is not null)
        {
            Port.Insert(function);
        }

        Write(0, 1, 0, 0x18, 0x00_01_01_00); // buses: primary 0, secondary 1, subordinate 1
        Write(0, 1, 0, 0x20, 0x401F_4010); // memory window 0x40100000 to 0x401FFFFF
        Write(0, 1, 0, Command, MemoryAndMaster);
        if (function is not null)
        {
            SetUp();
        }
    }

    public FakeRam Ram { get; }

    public FakeLine[] Wires { get; }

    public RootComplex Complex { get; }

    public RootPort Port { get; }

    public List<(PcieRequest Request, ulong Address, uint Data)> Sent { get; } = [];

    /// <summary>Puts the function's first range at <see cref="Bar"/> and enables it.</summary>
    public void SetUp()
    {
        Write(1, 0, 0, 0x10, (uint)Bar);
        Write(1, 0, 0, 0x14, 0);
        Write(1, 0, 0, Command, MemoryAndMaster);
    }

    public uint Read(int bus, int device, int function, int register, int size = 4) =>
        (uint)Complex.Ecam.Read(Place(bus, device, function, register), size);

    public void Write(int bus, int device, int function, int register, uint value, int size = 4) =>
        Complex.Ecam.Write(Place(bus, device, function, register), value, size);

    public ulong Load(ulong offset, int size = 4) => _low.Read(Bar - LowWindow + offset, size);

    public void Store(ulong offset, ulong value, int size = 4) => _low.Write(Bar - LowWindow + offset, value, size);

    /// <summary>Offset of a capability of the function on bus 1, or of the port on bus 0; 0 if there is none.</summary>
    public int Find(byte id, int bus = 1, int device = 0)
    {
        int at = (int)Read(bus, device, 0, 0x34, 1);
        while (at != 0 && Read(bus, device, 0, at, 1) != id)
        {
            at = (int)Read(bus, device, 0, at + 1, 1);
        }

        return at;
    }

    /// <summary>Enables MSI-X with identity 100 + n for message n.</summary>
    public void EnableMsix(ulong table, int vectors)
    {
        for (int i = 0; i < vectors; i++)
        {
            Store(table + (ulong)(i * 16), Messages, 8);
            Store(table + (ulong)(i * 16) + 8, (uint)(100 + i));
            Store(table + (ulong)(i * 16) + 12, 0);
        }

        Write(1, 0, 0, Find(0x11) + 2, 0x8000, 2);
    }

    public uint[] TakeMessages()
    {
        uint[] data = [.. Sent.Select(message => message.Data)];
        Sent.Clear();
        return data;
    }

    bool IPcieUpstream.TryRead(in PcieRequest request, ulong address, Span<byte> destination) => Ram.TryRead(address, destination);

    bool IPcieUpstream.TryWrite(in PcieRequest request, ulong address, ReadOnlySpan<byte> source)
    {
        if (address == Messages && source.Length == 4)
        {
            Sent.Add((request, address, BitConverter.ToUInt32(source)));
            return true;
        }

        return Ram.TryWrite(address, source);
    }

    private static ulong Place(int bus, int device, int function, int register) => ((ulong)new RequesterId(bus, device, function).Value << 12) + (ulong)register;
}

/// <summary>A function with a range of four registers and three messages.</summary>
internal sealed class TestFunction : PcieFunction
{
    public const ulong MsixTable = 0x1000;

    private readonly uint[] _registers = new uint[4];

    public TestFunction(string name = "test", bool mailbox = true)
        : base(name, new FunctionIdentity(0x1234, 0xFF0000), interruptPin: 1)
    {
        AddBar(0, 0x4000);
        Add(new ExpressCapability(PcieDeviceType.Endpoint));
        Add(new MsixCapability(3, bar: 0, MsixTable));
        if (mailbox)
        {
            Add(new RegisterBlockCapability(0x2E, 2, 0x18, offset => (uint)offset, (offset, value) => Written.Add((offset, value))));
        }

        Add(new AddressTranslationCapability(enabled => AddressTranslation = enabled));
    }

    public List<(int Offset, uint Value)> Written { get; } = [];

    public bool AddressTranslation { get; private set; }

    public int Resets { get; private set; }

    public bool Signal(int vector)
    {
        lock (Gate)
        {
            return TrySignalMessage(vector);
        }
    }

    public void Wire(bool level)
    {
        lock (Gate)
        {
            SetInterrupt(level);
        }
    }

    protected override void OnReset()
    {
        Resets++;
        _registers.AsSpan().Clear();
    }

    protected override ulong ReadBar(int bar, ulong offset, int size) => offset < 16 ? _registers[offset / 4] : 0;

    protected override void WriteBar(int bar, ulong offset, int size, ulong value)
    {
        if (offset < 16)
        {
            _registers[offset / 4] = (uint)value;
        }
    }
}
