using CoveJit.Devices.Virtio;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Tests.Virtio;

/// <summary>A guest driver over the MMIO transport: negotiates, sets queues up, kicks and takes interrupts.</summary>
internal sealed class TestDriver : IInterruptLine
{
    public const ulong Data = FakeRam.Base + 0x20_0000;
    private readonly List<string> _reports = [];

    public TestDriver(VirtioDevice device, VirtioOptions? options = null)
    {
        Mmio = new VirtioMmio(device, Ram, this, options ?? new VirtioOptions { PackedRing = true }, _reports.Add);
    }

    public FakeRam Ram { get; } = new(4 << 20);

    public VirtioMmio Mmio { get; }

    public IReadOnlyList<string> Reports => _reports;

    public bool Level { get; private set; }

    public DriverQueue[] Queues { get; private set; } = [];

    public void Set(bool level) => Level = level;

    public uint Read(ulong offset)
    {
        Assert.True(Mmio.TryRead(offset, 4, out ulong value));
        return (uint)value;
    }

    public void Write(ulong offset, uint value) => Assert.True(Mmio.TryWrite(offset, 4, value));

    public ulong Offered()
    {
        Write(0x14, 0);
        ulong low = Read(0x10);
        Write(0x14, 1);
        return low | (ulong)Read(0x10) << 32;
    }

    public bool Negotiate(ulong features)
    {
        Write(0x70, 0);
        Write(0x70, 3);
        Write(0x24, 0);
        Write(0x20, (uint)features);
        Write(0x24, 1);
        Write(0x20, (uint)(features >> 32));
        Write(0x70, 3 | 8);
        return (Read(0x70) & 8) != 0;
    }

    public void SetUpQueue(uint index, uint size, ulong descriptors, ulong driver, ulong device)
    {
        Write(0x30, index);
        Write(0x38, size);
        Write(0x80, (uint)descriptors);
        Write(0x84, (uint)(descriptors >> 32));
        Write(0x90, (uint)driver);
        Write(0x94, (uint)(driver >> 32));
        Write(0xa0, (uint)device);
        Write(0xa4, (uint)(device >> 32));
        Write(0x44, 1);
    }

    /// <summary>Brings the device up with everything it offers except what is masked out.</summary>
    public TestDriver Start(bool packed = false, bool eventIndex = false, int queueSize = 16, ulong without = 0)
    {
        ulong features = Offered() & ~without;
        features &= packed ? ulong.MaxValue : ~(ulong)VirtioFeatures.RingPacked;
        features &= eventIndex ? ulong.MaxValue : ~(ulong)VirtioFeatures.EventIndex;
        Assert.True(Negotiate(features));
        Queues = new DriverQueue[Mmio.Device.QueueCount];
        for (uint i = 0; i < Queues.Length; i++)
        {
            DriverQueue queue = new(Ram, FakeRam.Base + i * DriverQueue.RegionSize, queueSize, packed);
            Queues[i] = queue;
            SetUpQueue(i, (uint)queueSize, queue.Descriptors, queue.Driver, queue.Device);
            Assert.Equal(1u, Read(0x44));
        }

        Write(0x70, 15);
        Assert.Equal(15u, Read(0x70));
        return this;
    }

    public void Kick(uint queue) => Write(0x50, queue);

    /// <summary>Takes and acknowledges the interrupt; returns its causes.</summary>
    public uint TakeInterrupt()
    {
        uint status = Read(0x60);
        Assert.Equal(status != 0, Level);
        Write(0x64, status);
        Assert.False(Level);
        return status;
    }
}
