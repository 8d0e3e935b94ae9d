using CoveJit.Memory.Bus;
using CoveJit.Memory.Protection;

namespace CoveJit.Memory.Physical;

/// <summary>The physical address map: RAM and the memory-mapped devices around it. Devices are added while no hart runs.</summary>
/// <param name="ram">The guest's RAM.</param>
public sealed unsafe class PhysicalMap(GuestRam ram)
{
    private Region[] _regions = [];

    /// <summary>Guest RAM.</summary>
    public GuestRam Ram { get; } = ram;

    /// <summary>The epochs of the machine's supervisor domains.</summary>
    public DomainEpochs DomainEpochs { get; } = new();

    /// <summary>The devices with their base addresses and sizes in bytes, sorted by base.</summary>
    public IEnumerable<(ulong Base, ulong Size, IBusDevice Device)> Devices => _regions.Select(r => (r.Base, r.Size, r.Device));

    /// <summary>Maps a device.</summary>
    /// <exception cref="ArgumentException">The range overlaps RAM or another device, or wraps around.</exception>
    public void Add(ulong baseAddress, ulong size, IBusDevice device)
    {
        if (size == 0 || baseAddress + size < baseAddress)
        {
            throw new ArgumentException($"{device.Name}: bad range at 0x{baseAddress:x}, size 0x{size:x}");
        }

        if (baseAddress < Ram.Base + Ram.Size && Ram.Base < baseAddress + size)
        {
            throw new ArgumentException($"{device.Name} at 0x{baseAddress:x} overlaps RAM");
        }

        foreach (Region other in _regions)
        {
            if (baseAddress < other.Base + other.Size && other.Base < baseAddress + size)
            {
                throw new ArgumentException($"{device.Name} at 0x{baseAddress:x} overlaps {other.Device.Name} at 0x{other.Base:x}");
            }
        }

        _regions = [.. _regions.Append(new Region(baseAddress, size, device)).OrderBy(r => r.Base)];
    }

    /// <summary>Whether [address, address + size) lies in one device.</summary>
    public bool IsDevice(ulong address, int size) => Find(address, size) >= 0;

    /// <summary>Reads 1, 2, 4 or 8 bytes of RAM or of a device; false is an access fault.</summary>
    /// <param name="address">Physical address.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="value">The value, zero-extended.</param>
    /// <param name="sdid">The supervisor domain of the hart that reads: some devices want to know.</param>
    public bool TryRead(ulong address, int size, out ulong value, uint sdid = 0)
    {
        if (Ram.Contains(address, (ulong)size))
        {
            value = ReadHost(Ram.HostAddress(address), size);
            return true;
        }

        int index = Find(address, size);
        if (index < 0 || (address & (ulong)(size - 1)) != 0)
        {
            value = 0;
            return false;
        }

        ref readonly Region region = ref _regions[index];
        return region.Device.TryRead(address - region.Base, size, sdid, out value);
    }

    /// <summary>Writes 1, 2, 4 or 8 bytes of RAM or of a device; false is an access fault. Parameters as <see cref="TryRead"/>.</summary>
    public bool TryWrite(ulong address, int size, ulong value, uint sdid = 0)
    {
        if (Ram.Contains(address, (ulong)size))
        {
            WriteHost(Ram.HostAddress(address), size, value);
            Ram.NotifyWrites(address, (ulong)size);
            return true;
        }

        int index = Find(address, size);
        if (index < 0 || (address & (ulong)(size - 1)) != 0)
        {
            return false;
        }

        ref readonly Region region = ref _regions[index];
        return region.Device.TryWrite(address - region.Base, size, sdid, value);
    }

    private static ulong ReadHost(byte* p, int size) => size switch
    {
        1 => Volatile.Read(ref *p),
        2 => Volatile.Read(ref *(ushort*)p),
        4 => Volatile.Read(ref *(uint*)p),
        _ => Volatile.Read(ref *(ulong*)p),
    };

    private static void WriteHost(byte* p, int size, ulong value)
    {
        switch (size)
        {
            case 1:
                Volatile.Write(ref *p, (byte)value);
                break;
            case 2:
                Volatile.Write(ref *(ushort*)p, (ushort)value);
                break;
            case 4:
                Volatile.Write(ref *(uint*)p, (uint)value);
                break;
            default:
                Volatile.Write(ref *(ulong*)p, value);
                break;
        }
    }

    private int Find(ulong address, int size)
    {
        Region[] regions = _regions;
        int low = 0;
        int high = regions.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            ref readonly Region region = ref regions[middle];
            if (address < region.Base)
            {
                high = middle - 1;
            }
            else if (address - region.Base >= region.Size)
            {
                low = middle + 1;
            }
            else
            {
                return (ulong)size <= region.Size - (address - region.Base) ? middle : -1;
            }
        }

        return -1;
    }

    private readonly record struct Region(ulong Base, ulong Size, IBusDevice Device);
}
