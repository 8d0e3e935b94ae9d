using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Iommu;

/// <summary>A ring in memory: base register, head, tail, and the bits that all queues' control registers have. The IOMMU's lock is held.</summary>
/// <param name="entrySize">Bytes of an entry.</param>
internal sealed class IommuQueue(int entrySize)
{
    public const uint Enable = 1 << 0;
    public const uint InterruptEnable = 1 << 1;
    public const uint MemoryFault = 1 << 8;
    public const uint On = 1 << 16;

    private const ulong PageNumber = 0x003F_FFFF_FFFF_FC00;
    private const ulong LargestSize = 15; // 64 Ki entries: what is done within one register write is bounded by it

    /// <summary>Base register: LOG2SZ-1 and page number.</summary>
    public ulong Base { get; private set; }

    public uint Head { get; set; }

    public uint Tail { get; set; }

    /// <summary>Control and status, without the queue's own bits.</summary>
    public uint Control { get; set; }

    public uint Mask => (2u << (int)(Base & 0x1F)) - 1;

    public bool IsOn => (Control & On) != 0;

    public bool IsEmpty => Head == Tail;

    public bool IsFull => ((Tail + 1) & Mask) == Head;

    public bool TryRead(IDmaPort memory, Span<byte> entry) => memory.TryRead(AddressOf(Head), entry);

    public bool TryWrite(IDmaPort memory, ReadOnlySpan<byte> entry) => memory.TryWrite(AddressOf(Tail), entry);

    public void SetBase(ulong value)
    {
        if (!IsOn)
        {
            Base = (value & PageNumber) | Math.Min(value & 0x1F, LargestSize);
        }
    }

    private ulong AddressOf(uint index) => ((Base & PageNumber) << 2) + (index * (ulong)entrySize);
}
