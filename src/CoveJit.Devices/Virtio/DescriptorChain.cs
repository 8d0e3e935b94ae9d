using System.Buffers.Binary;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Virtio;

/// <summary>
/// One buffer the driver made available: device-readable bytes, then device-writable bytes, each a list of segments that is read and written
/// as a stream. Lives in its queue's pool; valid from <see cref="Virtqueue.TryPop"/> to <see cref="Virtqueue.Push"/>. No guest value here is trusted:
/// lengths are bounded by the ring reader, addresses by the DMA port at each access.
/// </summary>
public sealed class DescriptorChain
{
    private readonly Virtqueue _queue;
    private Segment[] _segments = new Segment[InitialSegments];
    private int _count;
    private int _readableCount;
    private Cursor _reader;
    private Cursor _writer;
    private bool _writeGap;

    private const int InitialSegments = 16;

    internal DescriptorChain(Virtqueue queue)
    {
        _queue = queue;
    }

    private readonly record struct Segment(ulong Address, uint Length);

    private struct Cursor
    {
        public int Index;
        public uint Offset;
    }

    /// <summary>Device-readable bytes in all.</summary>
    public uint ReadableLength { get; private set; }

    /// <summary>Device-writable bytes in all.</summary>
    public uint WritableLength { get; private set; }

    /// <summary>Device-readable bytes not yet read or skipped.</summary>
    public uint ReadableLeft { get; private set; }

    /// <summary>Device-writable bytes not yet written or skipped.</summary>
    public uint WritableLeft { get; private set; }

    /// <summary>Bytes written without a gap from the start of the writable part: what the used ring may promise the driver (section 2.7.8.2).</summary>
    public uint Written { get; private set; }

    /// <summary>Head index (split) or buffer id (packed).</summary>
    internal ushort Id { get; set; }

    /// <summary>Ring position the chain was taken from, so that it can be put back.</summary>
    internal ushort StartPosition { get; set; }

    /// <summary>Driver wrap counter at that position (packed).</summary>
    internal bool StartWrap { get; set; }

    /// <summary>Ring slots the chain takes (packed: the used position moves on by as many).</summary>
    internal ushort RingSlots { get; set; }

    /// <summary>Which enabling of the queue the chain was popped under.</summary>
    internal uint Generation { get; set; }

    /// <summary>Descriptors of any kind seen so far; bounds the walk.</summary>
    internal int Descriptors { get; set; }

    private IDmaPort Dma => _queue.Dma;

    internal void Clear()
    {
        _count = 0;
        _readableCount = 0;
        ReadableLength = WritableLength = 0;
        Descriptors = 0;
        RingSlots = 0;
    }

    /// <summary>Adds a segment; returns null, or why the chain is malformed.</summary>
    internal string? Add(ulong address, uint length, bool writable)
    {
        if (address + length < address)
        {
            return "a descriptor's address and length wrap around";
        }

        if (!writable && WritableLength != 0)
        {
            return "a device-readable descriptor follows a device-writable one";
        }

        if ((ulong)ReadableLength + WritableLength + length > uint.MaxValue)
        {
            return "a chain describes more than 4 GiB";
        }

        if (length == 0)
        {
            return null;
        }

        if (_count == _segments.Length)
        {
            // Doubles up to Virtqueue.MaxChainLength at most: the ring reader stops longer walks before they get here.
            Array.Resize(ref _segments, _segments.Length * 2);
        }

        _segments[_count++] = new Segment(address, length);
        if (writable)
        {
            WritableLength += length;
        }
        else
        {
            ReadableLength += length;
            _readableCount = _count;
        }

        return null;
    }

    /// <summary>Puts both streams back to their starts.</summary>
    internal void Rewind()
    {
        _reader = default;
        _writer = new Cursor { Index = _readableCount };
        ReadableLeft = ReadableLength;
        WritableLeft = WritableLength;
        Written = 0;
        _writeGap = false;
    }

    /// <summary>Reads the next bytes of the readable part.</summary>
    /// <returns>False if fewer are left, or if memory refuses: then the device has failed (<see cref="Virtqueue.IsUsable"/>).</returns>
    public bool TryRead(Span<byte> destination)
    {
        if ((uint)destination.Length > ReadableLeft)
        {
            return false;
        }

        ReadableLeft -= (uint)destination.Length;
        while (!destination.IsEmpty)
        {
            int part = Take(ref _reader, destination.Length, out ulong address);
            if (!Dma.TryRead(address, destination[..part]))
            {
                _queue.Fail($"DMA read of {part} bytes at 0x{address:x} refused");
                return false;
            }

            destination = destination[part..];
        }

        return true;
    }

    /// <summary>Writes the next bytes of the writable part; results as <see cref="TryRead"/>.</summary>
    public bool TryWrite(ReadOnlySpan<byte> source)
    {
        if ((uint)source.Length > WritableLeft)
        {
            return false;
        }

        WritableLeft -= (uint)source.Length;
        if (!_writeGap)
        {
            Written += (uint)source.Length;
        }

        while (!source.IsEmpty)
        {
            int part = Take(ref _writer, source.Length, out ulong address);
            if (!Dma.TryWrite(address, source[..part]))
            {
                _queue.Fail($"DMA write of {part} bytes at 0x{address:x} refused");
                return false;
            }

            source = source[part..];
        }

        return true;
    }

    /// <summary>Writes one byte; results as <see cref="TryWrite(ReadOnlySpan{byte})"/>.</summary>
    public bool TryWriteByte(byte value) => TryWrite(new ReadOnlySpan<byte>(in value));

    /// <summary>Reads a little-endian 32-bit value; results as <see cref="TryRead"/>.</summary>
    public bool TryReadUInt32(out uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        bool read = TryRead(bytes);
        value = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        return read;
    }

    /// <summary>Reads a little-endian 64-bit value; results as <see cref="TryRead"/>.</summary>
    public bool TryReadUInt64(out ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        bool read = TryRead(bytes);
        value = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        return read;
    }

    /// <summary>Passes over writable bytes without writing them.</summary>
    /// <returns>False if fewer are left.</returns>
    public bool TrySkipWritable(uint length)
    {
        if (length > WritableLeft)
        {
            return false;
        }

        _writeGap |= length != 0;
        WritableLeft -= length;
        while (length != 0)
        {
            length -= (uint)Take(ref _writer, (int)Math.Min(length, int.MaxValue), out _);
        }

        return true;
    }

    /// <summary>Takes up to <paramref name="wanted"/> bytes from the cursor's segment; the caller has checked that bytes are left.</summary>
    private int Take(ref Cursor cursor, int wanted, out ulong address)
    {
        Segment segment = _segments[cursor.Index];
        uint left = segment.Length - cursor.Offset;
        address = segment.Address + cursor.Offset;
        if ((uint)wanted >= left)
        {
            cursor.Index++;
            cursor.Offset = 0;
            return (int)left;
        }

        cursor.Offset += (uint)wanted;
        return wanted;
    }
}
