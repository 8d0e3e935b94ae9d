using System.Buffers.Binary;

namespace CoveJit.Devices.Virtio;

/// <summary>
/// A packed virtqueue (VirtIO 1.2, section 2.8): one ring of descriptors {addr, len, id, flags} written by both sides, told apart by
/// the AVAIL and USED flags against wrap counters; driver and device areas hold the event suppression structures {off_wrap, flags}.
/// </summary>
internal sealed class PackedVirtqueue(IVirtioTransport transport, int index) : Virtqueue(transport, index)
{
    private const ushort FlagAvail = 1 << 7;
    private const ushort FlagUsed = 1 << 15;
    private const int IdOffset = 12;
    private const int LengthOffset = 8;
    private const int FlagsOffset = 14;
    private const int EventSize = 4;
    private const ushort EventDisable = 1;
    private const ushort EventDescriptor = 2;
    private const ushort EventWrap = 1 << 15;

    private ushort _nextAvailable;
    private bool _availableWrap;
    private ushort _nextUsed;
    private bool _usedWrap;
    private int _usedSinceSignal;
    private uint _writtenEvent;
    private bool _eventWritten;

    // The flags of the first pushed descriptor of a batch are written last: until then the driver sees none of the batch.
    private bool _batchOpen;
    private ulong _batchFlagsAddress;
    private ushort _batchFlags;

    private protected override string? Check(int size, ulong descriptorArea, ulong driverArea, ulong deviceArea)
    {
        if (size is <= 0 or > MaxSize)
        {
            return $"a packed ring of {size} descriptors";
        }

        return CheckArea("descriptor", descriptorArea, (ulong)size * DescriptorSize, 16)
            ?? CheckArea("driver", driverArea, EventSize, 4)
            ?? CheckArea("device", deviceArea, EventSize, 4);
    }

    private protected override void Restart()
    {
        _nextAvailable = _nextUsed = 0;
        _availableWrap = _usedWrap = true;
        _usedSinceSignal = 0;
        _eventWritten = false;
        _batchOpen = false;
    }

    private protected override bool TryTake(DescriptorChain chain)
    {
        if (!IsAvailable() && !TryFindMore())
        {
            return false;
        }

        chain.StartPosition = _nextAvailable;
        chain.StartWrap = _availableWrap;
        if (!TryWalk(chain))
        {
            return false;
        }

        Advance(ref _nextAvailable, ref _availableWrap, chain.RingSlots);
        return true;
    }

    private bool IsAvailable()
    {
        if (!TryReadRing16(Slot(_nextAvailable) + FlagsOffset, out ushort flags))
        {
            return false;
        }

        // The rest of the descriptor must not be read before the flags that vouch for it.
        Thread.MemoryBarrier();
        return (flags & FlagAvail) != 0 == _availableWrap && (flags & FlagUsed) != 0 != _availableWrap;
    }

    private bool TryFindMore()
    {
        if (!IsUsable || !EventIndex)
        {
            return false;
        }

        uint wanted = _nextAvailable | (_availableWrap ? (uint)EventWrap : 0) | (uint)EventDescriptor << 16;
        if (_eventWritten && _writtenEvent == wanted)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[EventSize];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, wanted);
        if (!TryWriteRing(DeviceArea, bytes))
        {
            return false;
        }

        _writtenEvent = wanted;
        _eventWritten = true;
        Thread.MemoryBarrier();
        return IsAvailable();
    }

    private bool TryWalk(DescriptorChain chain)
    {
        int position = _nextAvailable;
        while (true)
        {
            if (++chain.RingSlots > Size)
            {
                return Refuse($"a chain of more than {Size} descriptors");
            }

            if (!TryReadDescriptor(Slot(position), out Descriptor descriptor))
            {
                return false;
            }

            ushort flags = descriptor.Word14;
            chain.Id = descriptor.Word12;
            if ((flags & DescriptorIndirect) != 0)
            {
                if ((flags & DescriptorNext) != 0 || chain.RingSlots != 1)
                {
                    return Refuse("an indirect descriptor within a chain");
                }

                return TryWalkIndirect(chain, descriptor);
            }

            if (++chain.Descriptors > MaxChainLength)
            {
                return Refuse($"a chain of more than {MaxChainLength} descriptors");
            }

            if (!TryAdd(chain, descriptor.Address, descriptor.Length, flags))
            {
                return false;
            }

            if ((flags & DescriptorNext) == 0)
            {
                return true;
            }

            position = position + 1 == Size ? 0 : position + 1;
        }
    }

    private bool TryWalkIndirect(DescriptorChain chain, Descriptor indirect)
    {
        if (!TryOpenIndirect(indirect.Address, indirect.Length, out int entries))
        {
            return false;
        }

        for (int i = 0; i < entries; i++)
        {
            if (!TryReadDescriptor(indirect.Address + (ulong)i * DescriptorSize, out Descriptor descriptor))
            {
                return false;
            }

            // Only WRITE has a meaning here (section 2.8.7).
            if ((descriptor.Word14 & DescriptorIndirect) != 0)
            {
                return Refuse("an indirect descriptor inside an indirect table");
            }

            if (!TryAdd(chain, descriptor.Address, descriptor.Length, descriptor.Word14))
            {
                return false;
            }
        }

        return true;
    }

    private protected override void PutBack(DescriptorChain chain)
    {
        _nextAvailable = chain.StartPosition;
        _availableWrap = chain.StartWrap;
    }

    private protected override void WriteUsed(DescriptorChain chain, uint written)
    {
        ulong slot = Slot(_nextUsed);
        Span<byte> bytes = stackalloc byte[IdOffset - LengthOffset + sizeof(ushort)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, written);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[(IdOffset - LengthOffset)..], chain.Id);
        if (!TryWriteRing(slot + LengthOffset, bytes))
        {
            return;
        }

        ushort flags = (ushort)((_usedWrap ? FlagAvail | FlagUsed : 0) | (written != 0 ? DescriptorWrite : 0));
        if (!_batchOpen)
        {
            _batchOpen = true;
            _batchFlagsAddress = slot + FlagsOffset;
            _batchFlags = flags;
        }
        else if (!TryWriteRing16(slot + FlagsOffset, flags))
        {
            return;
        }

        _usedSinceSignal += chain.RingSlots;
        Advance(ref _nextUsed, ref _usedWrap, chain.RingSlots);
    }

    private protected override void PublishUsed()
    {
        if (!_batchOpen)
        {
            return;
        }

        _batchOpen = false;
        Thread.MemoryBarrier();
        TryWriteRing16(_batchFlagsAddress, _batchFlags);
    }

    private protected override bool WantsInterrupt()
    {
        int used = _usedSinceSignal;
        if (used == 0)
        {
            return false;
        }

        _usedSinceSignal = 0;
        if (!TryReadRing16(DriverArea + 2, out ushort flags))
        {
            return false;
        }

        if ((flags & 3) != EventDescriptor || !EventIndex)
        {
            return (flags & 3) != EventDisable;
        }

        if (!TryReadRing16(DriverArea, out ushort offsetAndWrap))
        {
            return false;
        }

        // Positions one lap back are made comparable by taking the ring's size off.
        int wanted = offsetAndWrap & ~EventWrap;
        if ((offsetAndWrap & EventWrap) != 0 != _usedWrap)
        {
            wanted -= Size;
        }

        return used >= Size || NeedsEvent((ushort)wanted, _nextUsed, (ushort)(_nextUsed - used));
    }

    private ulong Slot(int position) => DescriptorArea + (ulong)position * DescriptorSize;

    private void Advance(ref ushort position, ref bool wrap, int slots)
    {
        int next = position + slots;
        if (next >= Size)
        {
            next -= Size;
            wrap = !wrap;
        }

        position = (ushort)next;
    }
}
