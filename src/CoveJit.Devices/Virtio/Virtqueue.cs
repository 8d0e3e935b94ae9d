using System.Buffers.Binary;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Virtio;

/// <summary>
/// The device's side of a virtqueue (VirtIO 1.2, section 2.6). What the driver writes is hostile until checked: every walk is bounded,
/// every index masked or compared, and a malformed ring stops the device with one reason instead of throwing.
/// Not thread-safe: the transport's gate is held.
/// </summary>
/// <remarks>Order of use: <see cref="TryPop"/>, <see cref="Push"/>, <see cref="Publish"/>, and <see cref="Signal"/> once a batch.</remarks>
public abstract class Virtqueue
{
    /// <summary>Longest chain accepted, indirect descriptors included; a ring's size is the bound for direct ones. The number Linux and QEMU use.</summary>
    public const int MaxChainLength = 1024;

    /// <summary>Largest queue size the specification allows (section 2.7).</summary>
    public const int MaxSize = 32768;

    private protected const int DescriptorSize = 16;
    private protected const ushort DescriptorNext = 1;
    private protected const ushort DescriptorWrite = 2;
    private protected const ushort DescriptorIndirect = 4;

    private readonly IVirtioTransport _transport;
    private readonly Stack<DescriptorChain> _pool = new();
    private uint _generation;

    private protected Virtqueue(IVirtioTransport transport, int index)
    {
        _transport = transport;
        Index = index;
    }

    /// <summary>Number of the queue within its device.</summary>
    public int Index { get; }

    /// <summary>Descriptors in the ring; 0 while the queue is not ready.</summary>
    public int Size { get; private set; }

    /// <summary>True while the driver is live and the ring has not been found malformed.</summary>
    public bool IsUsable => Size != 0 && _transport.IsLive;

    internal IDmaPort Dma => _transport.Dma;

    private protected ulong DescriptorArea { get; private set; }

    private protected ulong DriverArea { get; private set; }

    private protected ulong DeviceArea { get; private set; }

    private protected bool EventIndex { get; private set; }

    private protected bool IndirectAllowed { get; private set; }

    /// <summary>Takes up the driver's settings.</summary>
    /// <returns>Null, or what is wrong with them.</returns>
    internal string? Enable(int size, ulong descriptorArea, ulong driverArea, ulong deviceArea, VirtioFeatures features)
    {
        string? error = Check(size, descriptorArea, driverArea, deviceArea);
        if (error is not null)
        {
            return error;
        }

        Size = size;
        DescriptorArea = descriptorArea;
        DriverArea = driverArea;
        DeviceArea = deviceArea;
        EventIndex = (features & VirtioFeatures.EventIndex) != 0;
        IndirectAllowed = (features & VirtioFeatures.IndirectDescriptors) != 0;
        _generation++;
        Restart();
        return null;
    }

    /// <summary>Forgets the driver's settings.</summary>
    internal void Disable() => Size = 0;

    /// <summary>Takes the next available chain.</summary>
    /// <returns>False if there is none, or the ring is malformed: then the device has failed. When there is none, the driver has been asked to notify of the next.</returns>
    public bool TryPop([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out DescriptorChain? chain)
    {
        chain = null;
        if (!IsUsable)
        {
            return false;
        }

        DescriptorChain candidate = _pool.Count != 0 ? _pool.Pop() : new DescriptorChain(this);
        candidate.Clear();
        if (!TryTake(candidate))
        {
            _pool.Push(candidate);
            return false;
        }

        candidate.Rewind();
        candidate.Generation = _generation;
        chain = candidate;
        return true;
    }

    /// <summary>Puts back the chain popped last, and its memory is not touched further: for a device that found it cannot use it yet. Several go back in reverse order.</summary>
    public void Unpop(DescriptorChain chain)
    {
        if (chain.Generation == _generation)
        {
            PutBack(chain);
        }

        _pool.Push(chain);
    }

    /// <summary>Writes the used element of a chain and recycles it; the driver sees it at the next <see cref="Publish"/>.</summary>
    /// <param name="chain">A popped chain.</param>
    /// <param name="written">Bytes written from the start of its writable part.</param>
    public void Push(DescriptorChain chain, uint written)
    {
        // A chain that outlived a reset (asynchronous work) belongs to a ring that is gone.
        if (IsUsable && chain.Generation == _generation)
        {
            WriteUsed(chain, written);
        }

        _pool.Push(chain);
    }

    /// <summary>Shows the driver all pushed chains at once.</summary>
    public void Publish()
    {
        if (IsUsable)
        {
            PublishUsed();
        }
    }

    /// <summary>Interrupts the driver if it asked for it since the last call.</summary>
    public void Signal()
    {
        if (!IsUsable)
        {
            return;
        }

        // The used index must be visible before the driver's suppression words are read, or both sides could fall asleep (section 2.7.7).
        Thread.MemoryBarrier();
        if (WantsInterrupt())
        {
            _transport.SignalUsed(Index);
        }
    }

    internal void Fail(string reason) => _transport.Fail($"queue {Index}: {reason}");

    private protected bool Refuse(string reason)
    {
        Fail(reason);
        return false;
    }

    private protected abstract string? Check(int size, ulong descriptorArea, ulong driverArea, ulong deviceArea);

    private protected abstract void Restart();

    private protected abstract bool TryTake(DescriptorChain chain);

    private protected abstract void PutBack(DescriptorChain chain);

    private protected abstract void WriteUsed(DescriptorChain chain, uint written);

    private protected abstract void PublishUsed();

    private protected abstract bool WantsInterrupt();

    /// <summary>Checks an area's alignment and that it does not wrap around the address space.</summary>
    private protected static string? CheckArea(string name, ulong address, ulong length, ulong alignment)
    {
        if ((address & (alignment - 1)) != 0)
        {
            return $"the {name} area at 0x{address:x} is not aligned to {alignment} bytes";
        }

        return address + length < address ? $"the {name} area at 0x{address:x} wraps around" : null;
    }

    private protected bool TryReadRing16(ulong address, out ushort value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        if (!Dma.TryRead(address, bytes))
        {
            value = 0;
            return Refuse($"the ring at 0x{address:x} cannot be read");
        }

        value = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        return true;
    }

    private protected bool TryWriteRing(ulong address, ReadOnlySpan<byte> bytes) =>
        Dma.TryWrite(address, bytes) || Refuse($"the ring at 0x{address:x} cannot be written");

    private protected bool TryWriteRing16(ulong address, ushort value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        return TryWriteRing(address, bytes);
    }

    private protected bool TryReadDescriptor(ulong address, out Descriptor descriptor)
    {
        Span<byte> bytes = stackalloc byte[DescriptorSize];
        if (!Dma.TryRead(address, bytes))
        {
            descriptor = default;
            return Refuse($"the descriptor at 0x{address:x} cannot be read");
        }

        descriptor = new Descriptor(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[14..]));
        return true;
    }

    /// <summary>Checks what an indirect descriptor says of its table (section 2.7.5.3) and counts the entries.</summary>
    private protected bool TryOpenIndirect(ulong address, uint length, out int entries)
    {
        entries = 0;
        if (!IndirectAllowed)
        {
            return Refuse("an indirect descriptor without VIRTIO_F_INDIRECT_DESC");
        }

        if (length == 0 || length % DescriptorSize != 0)
        {
            return Refuse($"an indirect table of {length} bytes");
        }

        if (length / DescriptorSize > MaxChainLength)
        {
            return Refuse($"an indirect table of {length / DescriptorSize} descriptors; at most {MaxChainLength} are accepted");
        }

        if (address + length < address)
        {
            return Refuse("an indirect table wraps around the address space");
        }

        entries = (int)(length / DescriptorSize);
        return true;
    }

    private protected bool TryAdd(DescriptorChain chain, ulong address, uint length, ushort flags)
    {
        string? error = chain.Add(address, length, (flags & DescriptorWrite) != 0);
        return error is null || Refuse(error);
    }

    /// <summary>vring_need_event of section 2.7.10: whether the index named by the other side was passed.</summary>
    private protected static bool NeedsEvent(ushort wanted, ushort current, ushort previous) =>
        (ushort)(current - wanted - 1) < (ushort)(current - previous);

    /// <summary>The 16 bytes of a descriptor. Packed rings hold the buffer id and flags in the last two words, split rings flags and next.</summary>
    private protected readonly record struct Descriptor(ulong Address, uint Length, ushort Word12, ushort Word14);
}
