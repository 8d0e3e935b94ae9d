using CoveJit.Devices.Tests.BoardFakes;

namespace CoveJit.Devices.Tests.Iommu;

/// <summary>Queues, interrupts, counters.</summary>
public sealed class RegisterTests : IDisposable
{
    private const uint On = 1 << 16, MemoryFault = 1 << 8, Overflow = 1 << 9, Illegal = 1 << 10, FenceDone = 1 << 11;

    private readonly IommuWorld _world = new IommuWorld().Start();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void Capabilities_are_read_in_halves_or_whole()
    {
        ulong capabilities = _world.Load(0, 8);
        Assert.Equal(0x10u, capabilities & 0xFF);
        Assert.Equal(capabilities >> 32, _world.Load(4));
        Assert.Equal((uint)capabilities, _world.Load(0));
        Assert.False(_world.Iommu.TryRead(0, 2, out _));
        _world.Store(IommuWorld.Ddtp + 4, 0);
        Assert.Equal((uint)(IommuWorld.Directory >> 2) | 3, _world.Load(IommuWorld.Ddtp, 8));
    }

    [Fact]
    public void Commands_are_carried_out_up_to_the_tail()
    {
        _world.Command(0x001);
        _world.Command(0x081 | (1 << 10), 0x1000);
        _world.Command(0x003);
        _world.Command(0x083 | (1UL << 33));
        _world.Command(0x002 | (1 << 10) | (0xABCDUL << 32), IommuWorld.Data >> 2);
        Assert.Equal(5u, _world.Load(IommuWorld.Cqh));
        Assert.Equal(0xABCDu, _world.Ram.Get32(IommuWorld.Data));
        Assert.Equal(On | 3, _world.Load(IommuWorld.Cqcsr));
        Assert.Equal(0u, _world.Load(IommuWorld.Ipsr));
    }

    [Theory]
    [InlineData(0x004UL)] // ATS
    [InlineData(0x07FUL)]
    [InlineData(0x101UL)]
    [InlineData(0x083UL)] // a process without its device
    [InlineData(0x081UL | (1UL << 32))] // a process of a guest physical address
    [InlineData(0x001UL | (1UL << 34))]
    [InlineData(0x002UL | (1UL << 11))] // a wire where messages are used
    public void An_illegal_command_stops_the_queue_until_it_is_mended(ulong command)
    {
        _world.Command(0x001);
        _world.Command(command);
        _world.Command(0x001);
        Assert.Equal(1u, _world.Load(IommuWorld.Cqh));
        Assert.Equal(On | 3 | Illegal, _world.Load(IommuWorld.Cqcsr));
        Assert.Equal(1u, _world.Load(IommuWorld.Ipsr));
        _world.Ram.Set64(IommuWorld.Commands + 16, 0x001);
        _world.Store(IommuWorld.Cqcsr, Illegal | 3);
        Assert.Equal(3u, _world.Load(IommuWorld.Cqh));
        _world.Store(IommuWorld.Ipsr, 1);
        Assert.Equal(0u, _world.Load(IommuWorld.Ipsr));
    }

    [Fact]
    public void A_queue_that_is_not_memory_says_so()
    {
        _world.Store(IommuWorld.Cqcsr, 0);
        _world.Store(IommuWorld.Cqb, 0x400 | 31, 8);
        Assert.Equal(0x400u | 15, _world.Load(IommuWorld.Cqb, 8)); // the largest there is
        _world.Store(IommuWorld.Cqcsr, 1);
        _world.Store(IommuWorld.Cqt, 1);
        Assert.Equal(On | 1 | MemoryFault, _world.Load(IommuWorld.Cqcsr));
        _world.Store(IommuWorld.Fqcsr, 0);
        _world.Store(IommuWorld.Fqb, 0x400, 8);
        _world.Store(IommuWorld.Fqcsr, 1);
        _world.Read(0);
        Assert.Equal(On | 1 | MemoryFault, _world.Load(IommuWorld.Fqcsr));
        Assert.Equal(0u, _world.Load(IommuWorld.Fqt));
        _world.Command(0x002 | (1 << 10), 0); // a fence whose data cannot be written: the queue is stopped already
    }

    [Fact]
    public void A_full_fault_queue_drops_and_tells()
    {
        for (int i = 0; i < 4; i++)
        {
            _world.Read((ulong)i * 0x1000);
        }

        Assert.Equal(On | 3 | Overflow, _world.Load(IommuWorld.Fqcsr));
        Assert.Equal([258u, 258u, 258u], [.. Enumerable.Range(0, 3).Select(_ => _world.TakeCause()!.Value)]);
        Assert.Null(_world.TakeFault());
        _world.Read(0); // nothing is recorded until the overflow is cleared
        Assert.Null(_world.TakeFault());
        _world.Store(IommuWorld.Fqcsr, Overflow | 3);
        _world.Read(0x7000);
        Assert.Equal(0x7000u, _world.TakeFault()!.Value.Address);
    }

    [Fact]
    public void Interrupts_are_messages_that_can_be_masked()
    {
        _world.Store(0x2F8, 0x10, 8); // faults use vector 1
        _world.Store(0x310, (uint)IommuWorld.File);
        _world.Store(0x318, 44);
        _world.Read(0);
        Assert.Equal([(IommuWorld.File, 44u)], _world.Sent);
        _world.Read(0); // still pending: no other message
        Assert.Single(_world.Sent);
        _world.Store(IommuWorld.Ipsr, 2);
        _world.Store(0x31C, 1);
        _world.Read(0);
        Assert.Single(_world.Sent);
        _world.Store(0x31C, 0);
        Assert.Equal(2, _world.Sent.Count);
        Assert.All(_world.Wires, wire => Assert.False(wire.Level));
    }

    [Fact]
    public void Interrupts_are_wires_where_software_wants_them()
    {
        _world.Store(0x08, 2);
        Assert.Equal(2u, _world.Load(0x08));
        _world.Store(0x2F8, 0x20, 8);
        _world.Read(0);
        Assert.True(_world.Wires[2].Level);
        _world.TakeFault();
        _world.Store(IommuWorld.Ipsr, 2);
        Assert.False(_world.Wires[2].Level);
        _world.Command(0x002 | (1 << 11));
        Assert.Equal(On | 3 | FenceDone, _world.Load(IommuWorld.Cqcsr));
        Assert.True(_world.Wires[0].Level);
        _world.Store(IommuWorld.Ipsr, 1);
        Assert.True(_world.Wires[0].Level); // the cause is still there
        _world.Store(IommuWorld.Cqcsr, FenceDone | 3);
        _world.Store(IommuWorld.Ipsr, 1);
        Assert.False(_world.Wires[0].Level);
        Assert.Empty(_world.Sent);
    }

    [Fact]
    public void A_refused_message_is_a_fault()
    {
        _world.Store(0x300, 0x1000);
        _world.Command(0x7F);
        Assert.Equal(273u, _world.TakeCause());
    }

    [Fact]
    public void Counters_count_what_they_are_told_and_overflow_once()
    {
        _world.SetDevice();
        _world.Store(0x160, 1, 8); // untranslated requests
        _world.Store(0x168, 5 | (1UL << 61) | ((ulong)(IommuWorld.Device + 1) << 36), 8); // directory walks of another device
        _world.Store(0x170, 5 | (1UL << 15) | (1UL << 61) | ((ulong)(IommuWorld.Device | 7) << 36), 8); // of 16 devices together
        _world.Store(0x80, ulong.MaxValue - 1, 8);
        _world.Store(0x178, 5, 8);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(_world.Read(IommuWorld.Data));
        }

        Assert.Equal((3u, 0u, 3u), (_world.Load(0x68, 8), _world.Load(0x70, 8), _world.Load(0x78, 8)));
        Assert.Equal(1u, _world.Load(0x80, 8));
        Assert.Equal(1u << 4, _world.Load(0x58));
        Assert.Equal(4u, _world.Load(IommuWorld.Ipsr));
        _world.Store(0x5C, 2);
        _world.Read(IommuWorld.Data);
        Assert.Equal((3u, 4u), (_world.Load(0x68, 8), _world.Load(0x78, 8)));
        _world.Clock.Ticks = 100;
        Assert.Equal(100u, _world.Load(0x60, 8));
        _world.Store(0x5C, 1);
        _world.Clock.Ticks = 200;
        Assert.Equal(100u, _world.Load(0x60, 8));
        _world.Store(0x5C, 0);
        Assert.Equal(100u, _world.Load(0x60, 8));
    }

    [Fact]
    public async Task A_fence_waits_for_requests_under_way_and_nothing_deadlocks()
    {
        _world.Store(0x160, 1 | (1UL << 63), 8);
        using CancellationTokenSource end = new();
        Task[] devices = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            while (!end.IsCancellationRequested)
            {
                _world.Read(IommuWorld.Data);
            }
        }))];
        for (int i = 0; i < 500; i++)
        {
            _world.Command(0x002);
            _world.Store(IommuWorld.Fqcsr, Overflow | 3);
            _world.Store(IommuWorld.Fqh, _world.Load(IommuWorld.Fqt));
            _world.Store(IommuWorld.Ipsr, 7);
        }

        await end.CancelAsync();
        await Task.WhenAll(devices).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(On | 3, _world.Load(IommuWorld.Cqcsr));
    }

    [Fact]
    public void Nothing_that_software_writes_throws()
    {
        ulong[] places = [0x8, 0x10, 0x18, 0x20, 0x24, 0x28, 0x30, 0x48, 0x4C, 0x54, 0x5C, 0x60, 0x68, 0x160, 0x258, 0x260, 0x2F8, 0x300, 0x30C];
        BusAccess.Fuzz(_world.Iommu, 3, 10_000, places, random =>
        {
            if (random.Next(20) == 0)
            {
                random.NextBytes(_world.Ram.At(IommuWorld.Directory, 0x5_0000));
                _world.Start();
            }

            _world.Write((ulong)random.NextInt64() >> random.Next(40), device: (ushort)random.Next(0x400));
            _world.Read((ulong)random.NextInt64() >> random.Next(40));
        });
    }
}
