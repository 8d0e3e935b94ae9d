using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace CoveJit.Machines.Loading;

/// <summary>
/// Unpacks what kernels come packed in: gzip, and the kernel's EFI zboot wrapper (a PE file with magic <c>zimg</c> at offset 4)
/// around a gzip payload. Output never exceeds the limit given, so a decompression bomb costs no more than the guest's RAM.
/// </summary>
public static class CompressedFile
{
    private const int ZbootHeaderSize = 0x40;
    private const int ZbootTypeOffset = 24;
    private const int ZbootTypeLength = 32;
    private const int Chunk = 1 << 20;

    /// <summary>Unpacks a file; one that is not packed is returned as it is.</summary>
    /// <param name="file">The file.</param>
    /// <param name="limit">Most bytes the result may have: the size of guest RAM.</param>
    /// <exception cref="LoadException">The payload is truncated, corrupt, too large, or packed by a method CoveJit does not unpack.</exception>
    public static GuestFile Unpack(GuestFile file, ulong limit)
    {
        ReadOnlySpan<byte> content = file.Content.Span;
        if (IsZboot(content))
        {
            return Gunzip(file with { Content = ZbootPayload(file) }, limit);
        }

        if (IsGzip(content))
        {
            return Gunzip(file, limit);
        }

        string? method = ForeignMethod(content);
        return method is null ? file : throw Foreign(file, method);
    }

    private static bool IsZboot(ReadOnlySpan<byte> content) =>
        content.Length >= ZbootHeaderSize && content.StartsWith("MZ"u8) && content[4..].StartsWith("zimg"u8);

    private static bool IsGzip(ReadOnlySpan<byte> content) => content.StartsWith("\u001f"u8) && content.Length > 2 && content[1] == 0x8b;

    private static ReadOnlyMemory<byte> ZbootPayload(GuestFile file)
    {
        ReadOnlySpan<byte> content = file.Content.Span;
        uint offset = BinaryPrimitives.ReadUInt32LittleEndian(content[8..]);
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(content[12..]);
        ReadOnlySpan<byte> type = content.Slice(ZbootTypeOffset, Math.Min(ZbootTypeLength, content.Length - ZbootTypeOffset));
        int end = type.IndexOf((byte)0);
        type = end < 0 ? type : type[..end];
        if (offset > (uint)content.Length || size > (uint)content.Length - offset)
        {
            throw new LoadException($"{file.Display} is a truncated EFI zboot image: its payload runs past the end of the file", "copy or build it again");
        }

        ReadOnlyMemory<byte> payload = file.Content.Slice((int)offset, (int)size);
        if (!IsGzip(payload.Span))
        {
            // The name comes from the file: only a plain word is repeated to the terminal.
            string name = type.Length is > 0 and < 12 && !type.ContainsAnyExceptInRange((byte)'0', (byte)'z') ? Encoding.ASCII.GetString(type) : "unknown method";
            throw Foreign(file, $"EFI zboot, {name}");
        }

        return payload;
    }

    private static GuestFile Gunzip(GuestFile file, ulong limit)
    {
        int most = (int)Math.Min(limit, (ulong)Array.MaxLength);
        try
        {
            using Stream source = new ReadOnlyMemoryStream(file.Content);
            using GZipStream gzip = new(source, CompressionMode.Decompress);
            byte[] buffer = new byte[Math.Min(most, Math.Max(Chunk, file.Content.Length))];
            int length = 0;
            while (true)
            {
                if (length == buffer.Length)
                {
                    if (gzip.ReadByte() is var probe && probe < 0)
                    {
                        break;
                    }

                    if (length >= most)
                    {
                        throw new LoadException(
                            $"{file.Display} unpacks to more than the guest's memory ({ByteSize.Format(limit)})", "give the guest more with --memory");
                    }

                    Array.Resize(ref buffer, (int)Math.Min(most, Math.Max((long)length * 2, Chunk)));
                    buffer[length++] = (byte)probe;
                }

                int read = gzip.Read(buffer, length, buffer.Length - length);
                if (read == 0)
                {
                    break;
                }

                length += read;
            }

            return HasTrailer(file.Content.Span, buffer.AsSpan(0, length))
                ? file with { Content = buffer.AsMemory(0, length) }
                : throw new LoadException($"{file.Display} is a truncated gzip file", "copy or build it again");
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new LoadException($"{file.Display} is a truncated or corrupt gzip file", "copy or build it again", e);
        }
    }

    // GZipStream takes a file that ends early for one that ends (seen on .NET 10), so the trailer (RFC 1952, 2.3.1: CRC-32 and
    // length of the data) is looked for here. It is searched for, not expected last, because boot wrappers pad their payloads.
    private static bool HasTrailer(ReadOnlySpan<byte> file, ReadOnlySpan<byte> data)
    {
        Span<byte> trailer = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, Crc32(data));
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], (uint)data.Length);
        return file.LastIndexOf(trailer) >= 0;
    }

    private static uint Crc32(ReadOnlySpan<byte> data)
    {
        const uint Polynomial = 0xedb88320;
        Span<uint> table = stackalloc uint[256];
        for (uint i = 0; i < 256; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
            {
                value = (value >> 1) ^ ((value & 1) * Polynomial);
            }

            table[(int)i] = value;
        }

        uint crc = uint.MaxValue;
        foreach (byte b in data)
        {
            crc = table[(byte)(crc ^ b)] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static string? ForeignMethod(ReadOnlySpan<byte> content)
    {
        if (content.Length < 6)
        {
            return null;
        }

        return BinaryPrimitives.ReadUInt32BigEndian(content) switch
        {
            0xfd377a58 => "xz",
            0x28b52ffd => "zstd",
            0x04224d18 or 0x02214c18 => "lz4",
            0x894c5a4f => "lzo",
            0x5d000000 or 0x5d000080 => "lzma",
            uint magic when magic >> 8 == 0x425a68 => "bzip2",
            _ => null,
        };
    }

    private static LoadException Foreign(GuestFile file, string method) =>
        new($"{file.Display} is compressed ({method}), and CoveJit unpacks gzip only", $"unpack it and give the Image itself with {file.Option}");
}
