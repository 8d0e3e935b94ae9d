using System.Buffers.Binary;
using CoveJit.Devices.Iommu;
using CoveJit.Devices.Pcie;
using CoveJit.Devices.Tests.BoardFakes;
using CoveJit.Devices.Tests.Virtio;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Tests.Iommu;

/// <summary>An IOMMU with memory, tables in it, and a device that asks.</summary>
internal sealed class IommuWorld : IAtomicDmaPort, IPcieUpstream, IDisposable
{
    public const ulong Directory = FakeRam.Base + 0x1_0000, Leaf = FakeRam.Base + 0x1_2000, Commands = FakeRam.Base + 0x2_0000, Faults = FakeRam.Base + 0x2_1000;
    public const ulong FirstRoot = FakeRam.Base + 0x3_0000, SecondRoot = FakeRam.Base + 0x4_0000, Processes = FakeRam.Base + 0x5_0000, MsiTable = FakeRam.Base + 0x5_2000;
    public const ulong Data = FakeRam.Base + 0x10_0000, File = 0x2800_3000;
    public const ulong Ddtp = 0x10, Cqb = 0x18, Cqh = 0x20, Cqt = 0x24, Fqb = 0x28, Fqh = 0x30, Fqt = 0x34, Cqcsr = 0x48, Fqcsr = 0x4C, Ipsr = 0x54;
    public const ushort Device = 0x0100;
    public const ulong ReadWrite = 0xC7, User = 0x10; // D, A, W, R, V

    private readonly IPcieUpstream _upstream;
    private ulong _nextTable = FakeRam.Base + 0x6_0000;
    private uint _commands;

    public IommuWorld(bool bare = true)
    {
        Wires = [.. Enumerable.Range(0, 4).Select(_ => new FakeLine())];
        Iommu = new RiscvIommu("iommu", this, Wires, Send, Clock, bare);
        _upstream = Iommu.Attach(this);
    }

    public FakeRam Ram { get; } = new(2 << 20);

    public FakeClock Clock { get; } = new();

    public FakeLine[] Wires { get; }

    public RiscvIommu Iommu { get; }

    public List<(ulong Address, uint Data)> Sent { get; } = [];

    public void Dispose() => Iommu.Dispose();

    public ulong Load(ulong offset, int size = 4) => Iommu.Read(offset, size);

    public void Store(ulong offset, ulong value, int size = 4) => Iommu.Write(offset, value, size);

    /// <summary>Turns both queues on, with interrupts, and the directory of two levels.</summary>
    public IommuWorld Start()
    {
        for (ulong vector = 0; vector < 4; vector++)
        {
            Store(0x300 + (vector * 16), (uint)File);
        }

        Store(Cqb, (Commands >> 2) | 3, 8); // 16 commands
        Store(Cqcsr, 3);
        Store(Fqb, (Faults >> 2) | 1, 8); // 4 faults
        Store(Fqcsr, 3);
        Ram.Set64(Directory + (Device >> 6 << 3), (Leaf >> 2) | 1);
        Store(Ddtp, (Directory >> 2) | 3, 8);
        return this;
    }

    public void SetDevice(ulong tc = 1, ulong iohgatp = 0, ulong ta = 0, ulong fsc = 0, ulong msiptp = 0, ulong mask = 0, ulong pattern = 0)
    {
        ulong at = Leaf + ((Device & 0x3F) * 64);
        foreach (ulong dword in (ReadOnlySpan<ulong>)[tc, iohgatp, ta, fsc, msiptp, mask, pattern, 0])
        {
            Ram.Set64(at, dword);
            at += 8;
        }
    }

    /// <summary>Maps a page in an Sv39 or Sv39x4 table.</summary>
    public void MapPage(ulong root, ulong address, ulong target, ulong flags)
    {
        ulong table = root;
        for (int level = 2; level > 0; level--)
        {
            ulong at = table + (((address >> (12 + (9 * level))) & (level == 2 ? 0x7FFUL : 0x1FF)) * 8);
            ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(Ram.At(at, 8));
            if (entry == 0)
            {
                entry = (_nextTable >> 2) | 1;
                _nextTable += 0x1000;
                Ram.Set64(at, entry);
            }

            table = entry >> 10 << 12;
        }

        Ram.Set64(table + (((address >> 12) & 0x1FF) * 8), (target >> 2) | flags);
    }

    public bool Read(ulong address, Span<byte> destination) => _upstream.TryRead(new PcieRequest(new RequesterId(Device)), address, destination);

    public bool Read(ulong address) => Read(address, stackalloc byte[4]);

    public bool Write(ulong address, uint value = 0, ushort device = Device, PcieAddressType type = PcieAddressType.Untranslated)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return _upstream.TryWrite(new PcieRequest(new RequesterId(device), type), address, bytes);
    }

    public void Command(ulong low, ulong high = 0)
    {
        Ram.Set64(Commands + (_commands * 16), low);
        Ram.Set64(Commands + (_commands * 16) + 8, high);
        _commands = (_commands + 1) % 16;
        Store(Cqt, _commands);
    }

    /// <summary>Takes the next fault record: cause, transaction type, device, address, second value.</summary>
    public (uint Cause, uint Type, uint Device, ulong Address, ulong Value2)? TakeFault()
    {
        uint head = (uint)Load(Fqh);
        if (head == Load(Fqt))
        {
            return null;
        }

        ulong at = Faults + (head * 32);
        ulong first = Dword(at);
        Store(Fqh, (head + 1) % 4);
        return ((uint)first & 0xFFF, (uint)(first >> 34) & 0x3F, (uint)(first >> 40), Dword(at + 16), Dword(at + 24));
    }

    public uint? TakeCause() => TakeFault()?.Cause;

    public ulong Dword(ulong address) => BinaryPrimitives.ReadUInt64LittleEndian(Ram.At(address, 8));

    bool IDmaPort.TryRead(ulong address, Span<byte> destination) => Ram.TryRead(address, destination);

    bool IDmaPort.TryWrite(ulong address, ReadOnlySpan<byte> source) => Ram.TryWrite(address, source);

    bool IAtomicDmaPort.TryCompareExchange(ulong address, ulong expected, ulong desired, out bool exchanged)
    {
        exchanged = Dword(address) == expected;
        if (exchanged)
        {
            Ram.Set64(address, desired);
        }

        return true;
    }

    bool IPcieUpstream.TryRead(in PcieRequest request, ulong address, Span<byte> destination) => Ram.TryRead(address, destination);

    bool IPcieUpstream.TryWrite(in PcieRequest request, ulong address, ReadOnlySpan<byte> source) =>
        Ram.TryWrite(address, source) || (source.Length == 4 && Send(address, BinaryPrimitives.ReadUInt32LittleEndian(source)));

    private bool Send(ulong address, uint data)
    {
        Sent.Add((address, data));
        return address >> 16 == File >> 16;
    }
}
