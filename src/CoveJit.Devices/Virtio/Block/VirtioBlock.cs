using System.Buffers.Binary;
using System.Text;

namespace CoveJit.Devices.Virtio.Block;

/// <summary>
/// Block device (VirtIO 1.2, section 5.2). A request completes within the notification that brought it, so that runs under
/// <c>--icount</c> repeat; everything a request needs is in its chain and the backend, so a worker can take <see cref="Serve"/> over later.
/// </summary>
public sealed class VirtioBlock : VirtioDevice
{
    /// <summary>Bytes of a sector, the unit of every position in the protocol.</summary>
    public const int SectorSize = 512;

    private const ushort QueueSize = 256;
    private const int HeaderSize = 16;
    private const int SerialSize = 20;
    private const int BufferSize = 128 * 1024;
    private const int RangeSize = 16;
    private const uint MaxRanges = 32;
    private const uint MaxRangeSectors = 1 << 22; // 2 GiB

    private const ulong FeatureSegMax = 1 << 2;
    private const ulong FeatureReadOnly = 1 << 5;
    private const ulong FeatureBlkSize = 1 << 6;
    private const ulong FeatureFlush = 1 << 9;
    private const ulong FeatureTopology = 1 << 10;
    private const ulong FeatureConfigWce = 1 << 11;
    private const ulong FeatureMultiQueue = 1 << 12;
    private const ulong FeatureDiscard = 1 << 13;
    private const ulong FeatureWriteZeroes = 1 << 14;

    private const int ConfigurationSize = 60;
    private const int ConfigWriteback = 32;

    private readonly IBlockBackend _backend;
    private readonly byte[] _serial = new byte[SerialSize];
    private readonly byte[] _configuration = new byte[ConfigurationSize];
    private readonly byte[] _buffer = new byte[BufferSize];

    /// <summary>Creates the device; the backend stays the caller's to dispose.</summary>
    /// <param name="name">Name for errors and statistics.</param>
    /// <param name="backend">Storage.</param>
    /// <param name="serial">What VIRTIO_BLK_T_GET_ID answers: up to 20 ASCII characters.</param>
    /// <param name="queues">Request queues; more than one offers VIRTIO_BLK_F_MQ.</param>
    public VirtioBlock(string name, IBlockBackend backend, string serial = "", int queues = 1)
        : base(name, VirtioDeviceId.Block, Enumerable.Repeat(QueueSize, queues).ToArray())
    {
        ArgumentNullException.ThrowIfNull(backend);
        _backend = backend;
        byte[] serialBytes = Encoding.ASCII.GetBytes(serial);
        serialBytes.AsSpan(0, Math.Min(serialBytes.Length, SerialSize)).CopyTo(_serial);

        Span<byte> c = _configuration;
        BinaryPrimitives.WriteUInt64LittleEndian(c, (ulong)(backend.Size / SectorSize)); // capacity
        BinaryPrimitives.WriteUInt32LittleEndian(c[12..], QueueSize - 2); // seg_max: a ring less header and status
        BinaryPrimitives.WriteUInt32LittleEndian(c[20..], SectorSize); // blk_size
        c[24] = 3; // physical_block_exp: 4 KiB
        BinaryPrimitives.WriteUInt16LittleEndian(c[26..], 8); // min_io_size in blocks
        c[ConfigWriteback] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(c[34..], (ushort)queues); // num_queues
        BinaryPrimitives.WriteUInt32LittleEndian(c[36..], MaxRangeSectors); // max_discard_sectors
        BinaryPrimitives.WriteUInt32LittleEndian(c[40..], MaxRanges); // max_discard_seg
        BinaryPrimitives.WriteUInt32LittleEndian(c[44..], 1); // discard_sector_alignment
        BinaryPrimitives.WriteUInt32LittleEndian(c[48..], MaxRangeSectors); // max_write_zeroes_sectors
        BinaryPrimitives.WriteUInt32LittleEndian(c[52..], MaxRanges); // max_write_zeroes_seg
        c[56] = 1; // write_zeroes_may_unmap
    }

    private enum RequestType : uint
    {
        In = 0,
        Out = 1,
        Flush = 4,
        GetId = 8,
        Discard = 11,
        WriteZeroes = 13,
    }

    private enum RequestStatus : byte
    {
        Ok = 0,
        IoError = 1,
        Unsupported = 2,
    }

    /// <summary>Bytes read by the guest.</summary>
    public long BytesRead { get; private set; }

    /// <summary>Bytes written by the guest.</summary>
    public long BytesWritten { get; private set; }

    /// <inheritdoc/>
    public override ulong DeviceFeatures =>
        FeatureSegMax | FeatureBlkSize | FeatureFlush | FeatureTopology
        | (QueueCount > 1 ? FeatureMultiQueue : 0)
        | (_backend.IsReadOnly ? FeatureReadOnly : FeatureConfigWce | FeatureDiscard | FeatureWriteZeroes);

    /// <summary>Whether each write must reach the disk before it completes (section 5.2.5.1).</summary>
    private bool IsWriteThrough => !Has(FeatureFlush) || (Has(FeatureConfigWce) && _configuration[ConfigWriteback] == 0);

    /// <inheritdoc/>
    public override void ReadConfiguration(int offset, Span<byte> destination) => CopyConfiguration(_configuration, offset, destination);

    /// <inheritdoc/>
    public override void WriteConfiguration(int offset, ReadOnlySpan<byte> source)
    {
        if (offset == ConfigWriteback && Has(FeatureConfigWce))
        {
            _configuration[ConfigWriteback] = (byte)(source[0] & 1);
        }
    }

    /// <inheritdoc/>
    public override void Reset() => _configuration[ConfigWriteback] = 1;

    /// <inheritdoc/>
    public override void Notify(int queue) => Drain(queue);

    /// <inheritdoc/>
    protected override uint Serve(int queue, DescriptorChain chain)
    {
        if (chain.ReadableLength < HeaderSize || chain.WritableLength < 1)
        {
            Fail($"queue {queue}: a request of {chain.ReadableLength} readable and {chain.WritableLength} writable bytes");
            return 0;
        }

        if (!chain.TryReadUInt32(out uint type) || !chain.TryReadUInt32(out _) || !chain.TryReadUInt64(out ulong sector))
        {
            return 0;
        }

        RequestStatus status = (RequestType)type switch
        {
            RequestType.In => Read(chain, sector),
            RequestType.Out => Write(chain, sector),
            RequestType.Flush => _backend.TryFlush() ? RequestStatus.Ok : RequestStatus.IoError,
            RequestType.GetId => Identify(chain),
            RequestType.Discard when !_backend.IsReadOnly => Ranges(chain, discard: true),
            RequestType.WriteZeroes when !_backend.IsReadOnly => Ranges(chain, discard: false),
            _ => RequestStatus.Unsupported,
        };

        // The status is the last writable byte, wherever the data ended.
        if (chain.WritableLeft != 0)
        {
            chain.TrySkipWritable(chain.WritableLeft - 1);
            chain.TryWriteByte((byte)status);
        }

        return chain.Written;
    }

    private RequestStatus Read(DescriptorChain chain, ulong sector)
    {
        uint length = chain.WritableLeft - 1;
        if (!TryLocate(sector, length, out long offset))
        {
            return RequestStatus.IoError;
        }

        BytesRead += length;
        while (length != 0)
        {
            Span<byte> part = _buffer.AsSpan(0, (int)Math.Min(length, BufferSize));
            if (!_backend.TryRead(offset, part) || !chain.TryWrite(part))
            {
                return RequestStatus.IoError;
            }

            offset += part.Length;
            length -= (uint)part.Length;
        }

        return RequestStatus.Ok;
    }

    private RequestStatus Write(DescriptorChain chain, ulong sector)
    {
        uint length = chain.ReadableLeft;
        if (_backend.IsReadOnly || !TryLocate(sector, length, out long offset))
        {
            return RequestStatus.IoError;
        }

        BytesWritten += length;
        while (length != 0)
        {
            Span<byte> part = _buffer.AsSpan(0, (int)Math.Min(length, BufferSize));
            if (!chain.TryRead(part) || !_backend.TryWrite(offset, part))
            {
                return RequestStatus.IoError;
            }

            offset += part.Length;
            length -= (uint)part.Length;
        }

        return !IsWriteThrough || _backend.TryFlush() ? RequestStatus.Ok : RequestStatus.IoError;
    }

    private RequestStatus Identify(DescriptorChain chain)
    {
        int length = (int)Math.Min(chain.WritableLeft - 1, SerialSize);
        return chain.TryWrite(_serial.AsSpan(0, length)) ? RequestStatus.Ok : RequestStatus.IoError;
    }

    private RequestStatus Ranges(DescriptorChain chain, bool discard)
    {
        uint length = chain.ReadableLeft;
        if (length == 0 || length % RangeSize != 0 || length / RangeSize > MaxRanges)
        {
            return RequestStatus.Unsupported;
        }

        for (uint i = 0; i < length / RangeSize; i++)
        {
            if (!chain.TryReadUInt64(out ulong sector) || !chain.TryReadUInt32(out uint sectors) || !chain.TryReadUInt32(out uint flags))
            {
                return RequestStatus.IoError;
            }

            // Bit 0 is unmap, reserved in a discard; a set reserved bit is "unsupported" (section 5.2.6.2).
            if ((flags & ~(discard ? 0u : 1u)) != 0)
            {
                return RequestStatus.Unsupported;
            }

            ulong bytes = (ulong)sectors * SectorSize;
            if (sectors > MaxRangeSectors || !TryLocate(sector, bytes, out long offset))
            {
                return RequestStatus.IoError;
            }

            bool done = sectors == 0
                || (discard ? _backend.TryDiscard(offset, (long)bytes) : _backend.TryWriteZeroes(offset, (long)bytes, (flags & 1) != 0));
            if (!done)
            {
                return RequestStatus.IoError;
            }
        }

        return !IsWriteThrough || _backend.TryFlush() ? RequestStatus.Ok : RequestStatus.IoError;
    }

    private bool TryLocate(ulong sector, ulong length, out long offset)
    {
        ulong capacity = (ulong)_backend.Size / SectorSize;
        offset = 0;
        if (length % SectorSize != 0 || sector > capacity || length / SectorSize > capacity - sector)
        {
            return false;
        }

        offset = (long)(sector * SectorSize);
        return true;
    }
}
