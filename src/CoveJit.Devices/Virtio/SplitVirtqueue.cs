using System.Buffers.Binary;
using System.Numerics;

namespace CoveJit.Devices.Virtio;

/// <summary>
/// A split virtqueue (VirtIO 1.2, section 2.7): descriptor table, available ring {flags, idx, ring[], used_event}
/// and used ring {flags, idx, ring[], avail_event}.
/// </summary>
internal sealed class SplitVirtqueue(IVirtioTransport transport, int index) : Virtqueue(transport, index)
{
    private const int RingHeader = 4;
    private const int RingIndex = 2;
    private const int UsedElement = 8;
    private const ushort NoInterrupt = 1;

    private ushort _nextAvailable;
    private ushort _knownAvailable;
    private ushort _nextUsed;
    private ushort _signalledUsed;
    private int _writtenAvailEvent;

    private ulong UsedEvent => DriverArea + RingHeader + 2 * (ulong)Size;

    private ulong AvailEvent => DeviceArea + RingHeader + UsedElement * (ulong)Size;

    private protected override string? Check(int size, ulong descriptorArea, ulong driverArea, ulong deviceArea)
    {
        if (size is <= 0 or > MaxSize || !BitOperations.IsPow2(size))
        {
            return $"a split ring of {size} descriptors; the size must be a power of two";
        }

        return CheckArea("descriptor", descriptorArea, (ulong)size * DescriptorSize, 16)
            ?? CheckArea("driver", driverArea, (ulong)size * 2 + RingHeader + 2, 2)
            ?? CheckArea("device", deviceArea, (ulong)size * UsedElement + RingHeader + 2, 4);
    }

    private protected override void Restart()
    {
        _nextAvailable = _knownAvailable = _nextUsed = _signalledUsed = 0;
        _writtenAvailEvent = -1;
    }

    private protected override bool TryTake(DescriptorChain chain)
    {
        if (_knownAvailable == _nextAvailable && !TryFindMore())
        {
            return false;
        }

        uint mask = (uint)Size - 1;
        if (!TryReadRing16(DriverArea + RingHeader + 2 * (_nextAvailable & mask), out ushort head))
        {
            return false;
        }

        chain.Id = head;
        chain.StartPosition = _nextAvailable;
        if (!TryWalk(chain, head))
        {
            return false;
        }

        _nextAvailable++;
        return true;
    }

    /// <summary>Reads the driver's index anew; when nothing is new, asks to be notified and looks once more, since the driver may have added in between.</summary>
    private bool TryFindMore()
    {
        if (!TryReadAvailableIndex())
        {
            return false;
        }

        if (_knownAvailable == _nextAvailable && EventIndex && _writtenAvailEvent != _nextAvailable)
        {
            if (!TryWriteRing16(AvailEvent, _nextAvailable))
            {
                return false;
            }

            _writtenAvailEvent = _nextAvailable;
            Thread.MemoryBarrier();
            if (!TryReadAvailableIndex())
            {
                return false;
            }
        }

        return _knownAvailable != _nextAvailable;
    }

    private bool TryReadAvailableIndex()
    {
        if (!TryReadRing16(DriverArea + RingIndex, out ushort available))
        {
            return false;
        }

        // Entries must not be read before the index that vouches for them.
        Thread.MemoryBarrier();
        if ((ushort)(available - _nextAvailable) > Size)
        {
            return Refuse($"the available index jumped from {_nextAvailable} to {available} in a ring of {Size}");
        }

        _knownAvailable = available;
        return true;
    }

    private bool TryWalk(DescriptorChain chain, ushort head)
    {
        ulong table = DescriptorArea;
        int entries = Size;
        bool indirect = false;
        int limit = Size;
        int next = head;
        while (true)
        {
            if (next >= entries)
            {
                return Refuse($"descriptor {next} is outside a table of {entries}");
            }

            if (++chain.Descriptors > limit)
            {
                return Refuse($"a chain of more than {limit} descriptors: it is too long or loops");
            }

            if (!TryReadDescriptor(table + (ulong)next * DescriptorSize, out Descriptor descriptor))
            {
                return false;
            }

            ushort flags = descriptor.Word12;
            if ((flags & DescriptorIndirect) != 0)
            {
                if (indirect)
                {
                    return Refuse("an indirect descriptor inside an indirect table");
                }

                if ((flags & DescriptorNext) != 0)
                {
                    return Refuse("an indirect descriptor with a next descriptor");
                }

                if (!TryOpenIndirect(descriptor.Address, descriptor.Length, out entries))
                {
                    return false;
                }

                table = descriptor.Address;
                indirect = true;
                limit = MaxChainLength;
                next = 0;
                continue;
            }

            if (!TryAdd(chain, descriptor.Address, descriptor.Length, flags))
            {
                return false;
            }

            if ((flags & DescriptorNext) == 0)
            {
                return true;
            }

            next = descriptor.Word14;
        }
    }

    private protected override void PutBack(DescriptorChain chain) => _nextAvailable = chain.StartPosition;

    private protected override void WriteUsed(DescriptorChain chain, uint written)
    {
        Span<byte> element = stackalloc byte[UsedElement];
        BinaryPrimitives.WriteUInt32LittleEndian(element, chain.Id);
        BinaryPrimitives.WriteUInt32LittleEndian(element[4..], written);
        uint slot = _nextUsed & ((uint)Size - 1);
        if (TryWriteRing(DeviceArea + RingHeader + slot * UsedElement, element))
        {
            _nextUsed++;
        }
    }

    private protected override void PublishUsed()
    {
        // Elements and data before the index that vouches for them.
        Thread.MemoryBarrier();
        TryWriteRing16(DeviceArea + RingIndex, _nextUsed);
    }

    private protected override bool WantsInterrupt()
    {
        ushort previous = _signalledUsed;
        if (_nextUsed == previous)
        {
            return false;
        }

        _signalledUsed = _nextUsed;
        if (EventIndex)
        {
            return TryReadRing16(UsedEvent, out ushort wanted) && NeedsEvent(wanted, _nextUsed, previous);
        }

        return TryReadRing16(DriverArea, out ushort flags) && (flags & NoInterrupt) == 0;
    }
}
