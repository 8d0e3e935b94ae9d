using CoveJit.Devices.Tests.Pcie;
using CoveJit.Devices.Virtio;

namespace CoveJit.Devices.Tests.Virtio;

public sealed class VirtioPciTests : IDisposable
{
    private const ulong Common = 0, Isr = 0x1000, Device = 0x2000, Notify = 0x3000, Msix = 0x4000;
    private const ulong Buffer = FakeRam.Base + 0x10_0000;

    private readonly VirtioPci _function = new(new VirtioRng("rng0", new SeededEntropy(1)));
    private readonly TestHost _host;

    public VirtioPciTests() => _host = new TestHost(_function);

    public void Dispose() => _function.Dispose();

    [Fact]
    public void Capabilities_say_where_the_structures_are()
    {
        Assert.Equal(0x1044_1AF4u, _host.Read(1, 0, 0, 0));
        List<(uint Type, uint Offset)> structures = [];
        for (int at = (int)_host.Read(1, 0, 0, 0x34, 1); at != 0; at = (int)_host.Read(1, 0, 0, at + 1, 1))
        {
            if (_host.Read(1, 0, 0, at, 1) == 9)
            {
                structures.Add((_host.Read(1, 0, 0, at + 3, 1), _host.Read(1, 0, 0, at + 8)));
            }
        }

        Assert.Equal([(1u, 0u), (2u, 0x3000u), (3u, 0x1000u), (4u, 0x2000u), (5u, 0u)], structures);
    }

    [Fact]
    public void A_request_is_served_and_told_by_message()
    {
        _host.EnableMsix(Msix, 2);
        DriverQueue queue = Start(vector: 1);
        queue.Add(false, new Part(Buffer, 64, Writable: true));
        _host.Store(Notify, 0, 2);
        Assert.True(queue.TryTakeUsed(out _, out uint written));
        Assert.Equal(64u, written);
        Assert.Contains(_host.Ram.At(Buffer, 64).ToArray(), b => b != 0);
        Assert.Equal([101u], _host.TakeMessages());
        _host.Store(Common + 0x1A, 7, 2); // no such vector
        Assert.Equal(0xFFFFu, _host.Load(Common + 0x1A, 2));
        queue.Add(false, new Part(Buffer, 64, Writable: true));
        _host.Store(Notify, 0, 2);
        Assert.Empty(_host.Sent);
    }

    [Fact]
    public void Without_messages_the_wire_is_high_until_the_status_is_read()
    {
        DriverQueue queue = Start(vector: 0xFFFF);
        queue.Add(false, new Part(Buffer, 8, Writable: true));
        _host.Store(Notify, 0, 2);
        Assert.True(_host.Wires[1].Level);
        Assert.Equal(1u, _host.Load(Isr, 1));
        Assert.False(_host.Wires[1].Level);
        Assert.Equal(0u, _host.Load(Isr, 1));
    }

    [Fact]
    public void A_reset_of_the_device_or_of_the_function_begins_anew()
    {
        Start(vector: 0xFFFF);
        Assert.Equal((15u, 1u), (_host.Load(Common + 0x14, 1), _host.Load(Common + 0x1C, 2)));
        _host.Store(Common + 0x14, 0, 1);
        Assert.Equal((0u, 0u), (_host.Load(Common + 0x14, 1), _host.Load(Common + 0x1C, 2)));
        Start(vector: 0xFFFF);
        _host.Write(1, 0, 0, _host.Find(0x10) + 8, 0x8000, 2);
        _host.SetUp();
        Assert.Equal(0u, _host.Load(Common + 0x14, 1));
        Assert.Equal(0xFFFFu, _host.Load(Common + 0x1A, 2));
    }

    [Fact]
    public void Registers_are_reached_through_configuration_space_too()
    {
        int window = 0;
        for (int at = (int)_host.Read(1, 0, 0, 0x34, 1); at != 0; at = (int)_host.Read(1, 0, 0, at + 1, 1))
        {
            window = _host.Read(1, 0, 0, at, 1) == 9 && _host.Read(1, 0, 0, at + 3, 1) == 5 ? at : window;
        }

        _host.Write(1, 0, 0, window + 8, 0x14);
        _host.Write(1, 0, 0, window + 12, 1);
        _host.Write(1, 0, 0, window + 16, 3, 1);
        Assert.Equal(3u, _host.Load(Common + 0x14, 1));
        Assert.Equal(3u, _host.Read(1, 0, 0, window + 16, 1));
        _host.Write(1, 0, 0, window + 8, 0xFFFF_FFFC);
        _host.Write(1, 0, 0, window + 12, 8);
        Assert.Equal(0u, _host.Read(1, 0, 0, window + 16));
    }

    [Fact]
    public void Nothing_that_a_driver_writes_throws()
    {
        _host.EnableMsix(Msix, 2);
        Random random = new(9);
        int[] sizes = [1, 2, 4, 8];
        for (int i = 0; i < 20_000; i++)
        {
            int size = sizes[random.Next(4)];
            ulong at = (ulong)(random.Next(3) == 0 ? random.Next(0x8000) : random.Next(0x40)) & ~(ulong)(size - 1);
            _host.Store(at, random.Next(2) == 0 ? (ulong)random.Next(32) : (ulong)random.NextInt64(), size);
            _host.Load(at, size);
            if (i % 50 == 0)
            {
                Start(vector: 1);
            }
        }
    }

    private DriverQueue Start(uint vector)
    {
        _host.Store(Common + 0x14, 0, 1);
        _host.Store(Common + 0x14, 3, 1);
        _host.Store(Common + 0x08, 1);
        _host.Store(Common + 0x0C, 1); // VERSION_1
        _host.Store(Common + 0x08, 0);
        _host.Store(Common + 0x0C, 0);
        _host.Store(Common + 0x14, 11, 1);
        Assert.Equal(11u, _host.Load(Common + 0x14, 1));
        DriverQueue queue = new(_host.Ram, FakeRam.Base, 16, packed: false);
        _host.Store(Common + 0x16, 0, 2);
        Assert.Equal(1u, _host.Load(Common + 0x12, 2));
        Assert.InRange(_host.Load(Common + 0x18, 2), 16u, 1024u);
        _host.Store(Common + 0x18, 16, 2);
        _host.Store(Common + 0x1A, vector, 2);
        _host.Store(Common + 0x20, queue.Descriptors, 4);
        _host.Store(Common + 0x24, 0, 4);
        _host.Store(Common + 0x28, queue.Driver, 8);
        _host.Store(Common + 0x30, queue.Device, 8);
        _host.Store(Common + 0x1C, 1, 2);
        Assert.Equal(1u, _host.Load(Common + 0x1C, 2));
        _host.Store(Common + 0x14, 15, 1);
        return queue;
    }
}
