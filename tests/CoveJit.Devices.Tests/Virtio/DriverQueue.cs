namespace CoveJit.Devices.Tests.Virtio;

internal readonly record struct Part(ulong Address, uint Length, bool Writable = false);

/// <summary>The driver's side of one virtqueue, split or packed, as a guest kernel would keep it. Descriptors are handed out in a ring: completions come in order here.</summary>
internal sealed class DriverQueue
{
    public const int RegionSize = 0x8000;
    private readonly FakeRam _ram;
    private readonly bool _packed;
    private int _nextDescriptor;
    private ushort _available;
    private ushort _seenUsed;
    private int _seenSlot;
    private bool _availableWrap = true;
    private bool _usedWrap = true;
    private ushort _nextId;
    private readonly int[] _slotsOf = new int[1024];

    public DriverQueue(FakeRam ram, ulong region, int size, bool packed)
    {
        _ram = ram;
        _packed = packed;
        Size = size;
        Descriptors = region;
        Driver = region + 0x2000;
        Device = region + 0x3000;
        Tables = region + 0x5000;
        ram.At(region, RegionSize).Clear();
    }

    public int Size { get; }

    public ulong Descriptors { get; }

    public ulong Driver { get; }

    public ulong Device { get; }

    public ulong Tables { get; }

    public ushort AvailEvent => _ram.Get16(Device + 4 + 8 * (ulong)Size);

    public ushort UsedIndex => _ram.Get16(Device + 2);

    public void SetUsedEvent(ushort index) => _ram.Set16(Driver + 4 + 2 * (ulong)Size, index);

    public void SetDriverFlags(ushort flags) => _ram.Set16(_packed ? Driver + 2 : Driver, flags);

    public void Add(bool indirect, params ReadOnlySpan<Part> parts)
    {
        if (indirect)
        {
            ulong table = Tables + (ulong)(_available % 16) * 256;
            for (int i = 0; i < parts.Length; i++)
            {
                int flags = (parts[i].Writable ? 2 : 0) | (!_packed && i + 1 < parts.Length ? 1 : 0);
                Write(table + (ulong)i * 16, parts[i], flags, i + 1, packed: _packed);
            }

            Expose([new Part(table, (uint)parts.Length * 16)], 4);
        }
        else
        {
            Expose(parts, 0);
        }
    }

    public bool TryTakeUsed(out uint id, out uint written)
    {
        id = written = 0;
        if (_packed)
        {
            ulong slot = Descriptors + (ulong)_seenSlot * 16;
            ushort flags = _ram.Get16(slot + 14);
            if ((flags >> 15 != 0) != _usedWrap || (flags >> 7 & 1) != flags >> 15)
            {
                return false;
            }

            id = _ram.Get16(slot + 12);
            written = _ram.Get32(slot + 8);
            _seenSlot += _slotsOf[id];
            if (_seenSlot >= Size)
            {
                _seenSlot -= Size;
                _usedWrap = !_usedWrap;
            }

            return true;
        }

        if (UsedIndex == _seenUsed)
        {
            return false;
        }

        ulong element = Device + 4 + 8 * (ulong)(_seenUsed % Size);
        id = _ram.Get32(element);
        written = _ram.Get32(element + 4);
        _seenUsed++;
        return true;
    }

    private void Expose(ReadOnlySpan<Part> parts, int extraFlags)
    {
        if (_packed)
        {
            ExposePacked(parts, extraFlags);
            return;
        }

        int head = _nextDescriptor;
        for (int i = 0; i < parts.Length; i++)
        {
            int next = (_nextDescriptor + 1) % Size;
            int flags = (parts[i].Writable ? 2 : 0) | (i + 1 < parts.Length ? 1 : 0) | extraFlags;
            Write(Descriptors + (ulong)_nextDescriptor * 16, parts[i], flags, next, packed: false);
            _nextDescriptor = next;
        }

        _ram.Set16(Driver + 4 + 2 * (ulong)(_available % Size), (ushort)head);
        _ram.Set16(Driver + 2, ++_available);
    }

    private void ExposePacked(ReadOnlySpan<Part> parts, int extraFlags)
    {
        ushort id = (ushort)(_nextId++ % 1024);
        _slotsOf[id] = parts.Length;
        _available++;
        ulong headFlagsAt = 0;
        int headFlags = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            ulong slot = Descriptors + (ulong)_nextDescriptor * 16;
            int flags = (parts[i].Writable ? 2 : 0) | (i + 1 < parts.Length ? 1 : 0) | extraFlags | (_availableWrap ? 1 << 7 : 1 << 15);
            if (i == 0)
            {
                headFlagsAt = slot + 14;
                headFlags = flags;
                flags = _ram.Get16(slot + 14);
            }

            Write(slot, parts[i], flags, id, packed: true);
            if (++_nextDescriptor == Size)
            {
                _nextDescriptor = 0;
                _availableWrap = !_availableWrap;
            }
        }

        _ram.Set16(headFlagsAt, (ushort)headFlags);
    }

    private void Write(ulong at, Part part, int flags, int nextOrId, bool packed)
    {
        _ram.Set64(at, part.Address);
        _ram.Set32(at + 8, part.Length);
        _ram.Set16(at + 12, (ushort)(packed ? nextOrId : flags));
        _ram.Set16(at + 14, (ushort)(packed ? flags : nextOrId));
    }
}
