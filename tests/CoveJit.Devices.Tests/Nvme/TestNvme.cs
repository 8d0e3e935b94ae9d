using System.Buffers.Binary;
using CoveJit.Devices.Nvme;
using CoveJit.Devices.Tests.Pcie;
using CoveJit.Devices.Tests.Virtio;

namespace CoveJit.Devices.Tests.Nvme;

/// <summary>A driver: admin queue, one pair of I/O queues, commands one at a time.</summary>
internal sealed class TestNvme
{
    public const ulong AdminSubmission = FakeRam.Base, AdminCompletion = FakeRam.Base + 0x1000, IoSubmission = FakeRam.Base + 0x2000, IoCompletion = FakeRam.Base + 0x3000;
    public const ulong Data = FakeRam.Base + 0x10_0000, Lists = FakeRam.Base + 0x8_0000;
    public const int Entries = 16;
    public const uint Ready = 1, Fatal = 2;

    private readonly Dictionary<int, (ulong Submission, ulong Completion, uint Tail, uint Head, bool Phase)> _queues = [];
    private ushort _id;

    public TestNvme(params MemoryDisk[] disks)
    {
        Controller = new NvmeController("nvme0", "SERIAL1", disks);
        Host = new TestHost(Controller);
        Host.EnableMsix(0x2000, 3);
    }

    public NvmeController Controller { get; }

    public TestHost Host { get; }

    public FakeRam Ram => Host.Ram;

    public uint Status => (uint)Host.Load(0x1C);

    public TestNvme Enable(uint configuration = 0x0046_0001)
    {
        Host.Store(0x24, (Entries - 1) | ((Entries - 1) << 16));
        Host.Store(0x28, AdminSubmission, 8);
        Host.Store(0x30, AdminCompletion, 8);
        Host.Store(0x14, configuration);
        Ram.At(AdminCompletion, 0x1000).Clear();
        Ram.At(IoCompletion, 0x1000).Clear();
        _queues.Clear();
        _queues[0] = (AdminSubmission, AdminCompletion, 0, 0, true);
        return this;
    }

    public TestNvme CreateQueues()
    {
        Assert.Equal(0u, Admin(0x05, dword10: ((Entries - 1) << 16) | 1, dword11: (1 << 16) | 3, data: IoCompletion).Status);
        Assert.Equal(0u, Admin(0x01, dword10: ((Entries - 1) << 16) | 1, dword11: (1 << 16) | 1, data: IoSubmission).Status);
        _queues[1] = (IoSubmission, IoCompletion, 0, 0, true);
        return this;
    }

    public (uint Status, uint Result) Admin(byte opcode, uint space = 0, uint dword10 = 0, uint dword11 = 0, uint dword12 = 0, ulong data = Data, ulong data2 = 0) =>
        Execute(0, opcode, space, dword10, dword11, dword12, data, data2);

    public (uint Status, uint Result) Io(byte opcode, ulong block, uint blocks, ulong data = Data, ulong data2 = 0, uint space = 1, byte flags = 0, uint bits = 0) =>
        Execute(1, opcode, space, (uint)block, (uint)(block >> 32), (blocks - 1) | bits, data, data2, flags);

    public (uint Status, uint Result) Execute(
        int queue, byte opcode, uint space, uint dword10, uint dword11, uint dword12, ulong data, ulong data2, byte flags = 0)
    {
        Submit(queue, opcode, space, dword10, dword11, dword12, data, data2, flags);
        (ushort id, uint status, uint result)? completion = Take(queue);
        Assert.NotNull(completion);
        Assert.Equal(_id, completion.Value.id);
        return (completion.Value.status, completion.Value.result);
    }

    /// <summary>Writes a command and rings.</summary>
    public ushort Submit(int queue, byte opcode, uint space = 0, uint dword10 = 0, uint dword11 = 0, uint dword12 = 0, ulong data = 0, ulong data2 = 0, byte flags = 0, bool ring = true)
    {
        var q = _queues[queue];
        Span<byte> entry = Ram.At(q.Submission + (q.Tail * 64), 64);
        entry.Clear();
        entry[0] = opcode;
        entry[1] = flags;
        BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], ++_id);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], space);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[24..], data);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[32..], data2);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[40..], dword10);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[44..], dword11);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[48..], dword12);
        q.Tail = (q.Tail + 1) % Entries;
        _queues[queue] = q;
        if (ring)
        {
            Ring(queue);
        }

        return _id;
    }

    public void Ring(int queue) => Host.Store(0x1000 + ((ulong)queue * 8), _queues[queue].Tail);

    /// <summary>Takes the next completion, if there is one.</summary>
    public (ushort Id, uint Status, uint Result)? Take(int queue, bool ring = true)
    {
        var q = _queues[queue];
        ulong at = q.Completion + (q.Head * 16);
        uint word = Ram.Get32(at + 12);
        if (((word >> 16) & 1) != (q.Phase ? 1 : 0))
        {
            return null;
        }

        Assert.Equal((uint)queue, Ram.Get32(at + 8) >> 16);
        q.Head++;
        if (q.Head == Entries)
        {
            (q.Head, q.Phase) = (0, !q.Phase);
        }

        _queues[queue] = q;
        if (ring)
        {
            Host.Store(0x1004 + ((ulong)queue * 8), q.Head);
        }

        return ((ushort)word, (word >> 17) & 0x7FF, Ram.Get32(at));
    }
}
