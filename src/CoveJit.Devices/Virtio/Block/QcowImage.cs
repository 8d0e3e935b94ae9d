using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace CoveJit.Devices.Virtio.Block;

/// <summary>
/// Reads qcow2 images, versions 2 and 3, with zlib-compressed clusters and backing files; neither encryption nor writing.
/// The image may be hostile: sizes are bounded at open, offsets checked by reading, and what cannot be read is an I/O error to the guest.
/// </summary>
/// <remarks>Layout: header, L1 table of L2 offsets, L2 tables of cluster offsets; all numbers big-endian (QEMU's docs/interop/qcow2.txt).</remarks>
public sealed class QcowImage : IBlockBackend
{
    private const int HeaderSize = 104;
    private const int MaxHeader = 64 * 1024;
    private const int MaxL1Entries = 4 * 1024 * 1024;
    private const int MaxBackingDepth = 16;
    private const int MaxBackingName = 1023;
    private const int CachedTables = 16;
    private const int SectorSize = 512;
    private const uint BackingFormatExtension = 0xe279_2aca;
    private const ulong OffsetMask = 0x00ff_ffff_ffff_fe00;
    private const ulong Compressed = 1UL << 62;
    private const ulong ReadsAsZero = 1;
    private const ulong IncompatibleDirty = 1 << 0;
    private const ulong IncompatibleCompressionType = 1 << 3;

    private readonly SafeFileHandle _file;
    private readonly IBlockBackend? _backing;
    private readonly int _clusterBits;
    private readonly ulong[] _l1;
    private readonly bool _hasZeroFlag;
    private readonly Dictionary<ulong, byte[]> _tables = [];
    private readonly Queue<ulong> _tableOrder = new();
    private readonly byte[] _inflated;
    private ulong _inflatedEntry;

    private QcowImage(SafeFileHandle file, IBlockBackend? backing, long size, int clusterBits, ulong[] l1, bool hasZeroFlag)
    {
        _file = file;
        _backing = backing;
        Size = size;
        _clusterBits = clusterBits;
        _l1 = l1;
        _hasZeroFlag = hasZeroFlag;
        _inflated = new byte[1 << clusterBits];
    }

    /// <inheritdoc/>
    public long Size { get; }

    /// <summary>Always true.</summary>
    public bool IsReadOnly => true;

    internal static ReadOnlySpan<byte> Magic => [0x51, 0x46, 0x49, 0xfb];

    private int ClusterSize => 1 << _clusterBits;

    /// <summary>Whether a file begins as qcow2 images do.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static bool IsQcow(string path)
    {
        using SafeFileHandle file = OpenFile(path);
        Span<byte> start = stackalloc byte[Magic.Length];
        return RandomAccess.Read(file, start, 0) == start.Length && start.SequenceEqual(Magic);
    }

    /// <summary>Opens an image and its backing files.</summary>
    /// <exception cref="IOException">The image cannot be used; the message is one line with the mend.</exception>
    public static QcowImage Open(string path) => Open(path, 0);

    /// <inheritdoc/>
    public bool TryRead(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int within = (int)(offset & (ClusterSize - 1));
            int part = Math.Min(destination.Length, ClusterSize - within);
            if (!TryReadCluster(offset, within, destination[..part]))
            {
                return false;
            }

            destination = destination[part..];
            offset += part;
        }

        return true;
    }

    /// <summary>Refused.</summary>
    public bool TryWrite(long offset, ReadOnlySpan<byte> source) => false;

    /// <summary>Nothing to do.</summary>
    public bool TryFlush() => true;

    /// <summary>Refused.</summary>
    public bool TryDiscard(long offset, long length) => false;

    /// <summary>Refused.</summary>
    public bool TryWriteZeroes(long offset, long length, bool mayUnmap) => false;

    /// <summary>Closes the image and its backing files.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _backing?.Dispose();
    }

    private static QcowImage Open(string path, int depth)
    {
        SafeFileHandle file = OpenFile(path);
        IBlockBackend? backing = null;
        try
        {
            byte[] start = new byte[(int)Math.Clamp(RandomAccess.GetLength(file), HeaderSize, MaxHeader)];
            if (!TryReadExactly(file, start, 0))
            {
                throw Unusable(path, "is no qcow2 image");
            }

            ReadOnlySpan<byte> header = start;
            uint version = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
            int clusterBits = (int)BinaryPrimitives.ReadUInt32BigEndian(header[20..]);
            ulong size = BinaryPrimitives.ReadUInt64BigEndian(header[24..]);
            if (!header.StartsWith(Magic) || version is not (2 or 3) || clusterBits is < 9 or > 21 || size > long.MaxValue || size == 0 || size % SectorSize != 0)
            {
                throw Unusable(path, "has a damaged header or a size that is not whole sectors; check it with: qemu-img check");
            }

            CheckFeatures(path, header, version);
            ulong covered = 1UL << (2 * clusterBits - 3); // Bytes below one L1 entry.
            ulong needed = (size - 1) / covered + 1;
            uint entries = BinaryPrimitives.ReadUInt32BigEndian(header[36..]);
            ulong tableOffset = BinaryPrimitives.ReadUInt64BigEndian(header[40..]);
            if (needed > MaxL1Entries || entries < needed || tableOffset > long.MaxValue || needed * 8 > (ulong)RandomAccess.GetLength(file))
            {
                throw Unusable(path, "has a damaged L1 table; check it with: qemu-img check");
            }

            byte[] table = new byte[needed * 8];
            if (!TryReadExactly(file, table, (long)tableOffset))
            {
                throw Unusable(path, "is truncated; check it with: qemu-img check");
            }

            ulong[] l1 = new ulong[needed];
            for (int i = 0; i < l1.Length; i++)
            {
                l1[i] = BinaryPrimitives.ReadUInt64BigEndian(table.AsSpan(i * 8));
            }

            backing = OpenBacking(path, header, version, depth);
            return new QcowImage(file, backing, (long)size, clusterBits, l1, version == 3);
        }
        catch
        {
            file.Dispose();
            backing?.Dispose();
            throw;
        }
    }

    private static void CheckFeatures(string path, ReadOnlySpan<byte> header, uint version)
    {
        if (BinaryPrimitives.ReadUInt32BigEndian(header[32..]) != 0)
        {
            throw Unusable(path, "is encrypted; convert it first: qemu-img convert -O raw");
        }

        if (version == 2)
        {
            return;
        }

        // A dirty image has stale reference counts, which reading does not use. Any other unknown bit changes the layout.
        ulong features = BinaryPrimitives.ReadUInt64BigEndian(header[72..]);
        bool zlib = (features & IncompatibleCompressionType) == 0 || (header.Length > HeaderSize && header[HeaderSize] == 0);
        if ((features & ~(IncompatibleDirty | IncompatibleCompressionType)) != 0 || !zlib)
        {
            throw Unusable(path, "is corrupt or uses an external data file, extended L2 entries or zstd; convert it first: qemu-img convert -O raw");
        }
    }

    private static IBlockBackend? OpenBacking(string path, ReadOnlySpan<byte> header, uint version, int depth)
    {
        ulong nameOffset = BinaryPrimitives.ReadUInt64BigEndian(header[8..]);
        uint nameLength = BinaryPrimitives.ReadUInt32BigEndian(header[16..]);
        if (nameOffset == 0)
        {
            return null;
        }

        if (depth == MaxBackingDepth)
        {
            throw Unusable(path, "has too many backing files above it, or they form a loop");
        }

        if (nameLength is 0 or > MaxBackingName || nameOffset > (ulong)header.Length || nameLength > (ulong)header.Length - nameOffset)
        {
            throw Unusable(path, "has a damaged backing file name");
        }

        string name = Encoding.UTF8.GetString(header.Slice((int)nameOffset, (int)nameLength));
        string backingPath = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/", name);
        return FindBackingFormat(header, version) switch
        {
            "raw" => RawImage.Open(backingPath, readOnly: true),
            "qcow2" => Open(backingPath, depth + 1),
            _ => throw Unusable(path, $"does not name its backing file's format (raw or qcow2); add it: qemu-img rebase -u -F FORMAT -b {name} {path}"),
        };
    }

    private static string? FindBackingFormat(ReadOnlySpan<byte> header, uint version)
    {
        uint position = version == 2 ? 72 : BinaryPrimitives.ReadUInt32BigEndian(header[100..]);
        while (position <= (uint)header.Length - 8)
        {
            uint type = BinaryPrimitives.ReadUInt32BigEndian(header[(int)position..]);
            uint length = BinaryPrimitives.ReadUInt32BigEndian(header[(int)(position + 4)..]);
            position += 8;
            if (type == 0 || length > (uint)header.Length - position)
            {
                return null;
            }

            if (type == BackingFormatExtension)
            {
                return Encoding.ASCII.GetString(header.Slice((int)position, (int)length));
            }

            position += (length + 7) & ~7u;
        }

        return null;
    }

    private bool TryReadCluster(long offset, int within, Span<byte> destination)
    {
        if (!TryFindEntry(offset, out ulong entry))
        {
            return false;
        }

        if ((entry & Compressed) != 0)
        {
            if (!TryInflate(entry))
            {
                return false;
            }

            _inflated.AsSpan(within, destination.Length).CopyTo(destination);
            return true;
        }

        ulong cluster = entry & OffsetMask;
        if (_hasZeroFlag && (entry & ReadsAsZero) != 0)
        {
            destination.Clear();
            return true;
        }

        return cluster == 0
            ? TryReadBacking(offset, destination)
            : TryReadExactly(_file, destination, (long)cluster + within);
    }

    private bool TryReadBacking(long offset, Span<byte> destination)
    {
        // A backing file may be shorter: zeroes follow it.
        long left = _backing is null ? 0 : Math.Max(_backing.Size - offset, 0);
        int part = (int)Math.Min(left, destination.Length);
        destination[part..].Clear();
        return part == 0 || _backing!.TryRead(offset, destination[..part]);
    }

    private bool TryFindEntry(long offset, out ulong entry)
    {
        entry = 0;
        long cluster = offset >> _clusterBits;
        int entryBits = _clusterBits - 3;
        ulong tableOffset = _l1[cluster >> entryBits] & OffsetMask;
        if (tableOffset == 0)
        {
            return true;
        }

        if (!_tables.TryGetValue(tableOffset, out byte[]? table))
        {
            table = _tables.Count < CachedTables ? new byte[ClusterSize] : Evict();
            if (!TryReadExactly(_file, table, (long)tableOffset))
            {
                return false;
            }

            _tables.Add(tableOffset, table);
            _tableOrder.Enqueue(tableOffset);
        }

        entry = BinaryPrimitives.ReadUInt64BigEndian(table.AsSpan((int)(cluster & ((1L << entryBits) - 1)) * 8));
        return true;
    }

    private byte[] Evict()
    {
        _tables.Remove(_tableOrder.Dequeue(), out byte[]? table);
        return table!;
    }

    private bool TryInflate(ulong entry)
    {
        if (entry == _inflatedEntry)
        {
            return true;
        }

        int offsetBits = 62 - (_clusterBits - 8);
        ulong start = entry & ((1UL << offsetBits) - 1);
        ulong sectors = (entry & (Compressed - 1)) >> offsetBits;
        int length = (int)((sectors + 1) * SectorSize - (start & (SectorSize - 1)));
        if (start > long.MaxValue / 2)
        {
            return false;
        }

        _inflatedEntry = 0;
        try
        {
            // The last sector may lie beyond the end of the file.
            byte[] packed = new byte[length];
            int read = RandomAccess.Read(_file, packed, (long)start);
            using DeflateStream inflater = new(new MemoryStream(packed, 0, read), CompressionMode.Decompress);
            inflater.ReadExactly(_inflated);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return false;
        }

        _inflatedEntry = entry;
        return true;
    }

    private static SafeFileHandle OpenFile(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        }
        catch (UnauthorizedAccessException)
        {
            throw new IOException($"disk image {path}: permission denied");
        }
    }

    private static bool TryReadExactly(SafeFileHandle file, Span<byte> destination, long offset)
    {
        try
        {
            while (!destination.IsEmpty)
            {
                int read = RandomAccess.Read(file, destination, offset);
                if (read == 0)
                {
                    return false;
                }

                destination = destination[read..];
                offset += read;
            }

            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            return false;
        }
    }

    private static IOException Unusable(string path, string reason) => new($"disk image {path} {reason}");
}
