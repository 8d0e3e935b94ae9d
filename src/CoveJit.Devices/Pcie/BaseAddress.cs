using System.Numerics;

namespace CoveJit.Devices.Pcie;

/// <summary>A 64-bit memory base address register: two registers whose writable bits say how large the range is.</summary>
internal sealed class BaseAddress
{
    private const int FirstOffset = 0x10;
    private const uint Type64 = 0x4;
    private const uint Prefetchable = 0x8;
    private const ulong AddressMask = ~0xFUL;
    private const ulong SmallestSize = 16;

    private readonly ConfigurationRegister _low;
    private readonly ConfigurationRegister _high;
    private readonly ulong _size;

    public BaseAddress(ConfigurationSpace space, int index, ulong size, bool prefetchable)
    {
        if (!BitOperations.IsPow2(size) || size < SmallestSize || index is < 0 or > 4)
        {
            throw new ArgumentException($"BAR {index}: bad index, or size 0x{size:x}");
        }

        Index = index;
        _size = size;
        ulong writable = ~(size - 1);
        _low = space.Add(FirstOffset + (4 * index), 4, Type64 | (prefetchable ? Prefetchable : 0), (uint)writable);
        _high = space.Add(FirstOffset + (4 * index) + 4, 4, 0, (uint)(writable >> 32));
    }

    public int Index { get; }

    public ulong Size => _size;

    public ulong Address => (((ulong)_high.Value << 32) | _low.Value) & AddressMask;

    /// <summary>Whether all of an access is in the range. Takes no lock: software that moves a range while it is used gets either place.</summary>
    public bool Contains(ulong address, int size, out ulong offset)
    {
        offset = address - Address;
        return offset < _size && (ulong)size <= _size - offset;
    }
}
