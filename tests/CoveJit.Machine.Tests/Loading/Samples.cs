using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using CoveJit.Machines.Loading;

namespace CoveJit.Machines.Tests.Loading;

/// <summary>Well-formed inputs, built byte by byte so that tests can break them one field at a time.</summary>
internal static class Samples
{
    public const int ElfType = 16;
    public const int ElfMachine = 18;
    public const int ElfEntry = 24;
    public const int ElfProgramHeaders = 64;

    public static GuestFile File(byte[] content, string option = "--kernel") => new(option, "sample", content);

    /// <summary>An Image whose header states an image_size and whose body counts up.</summary>
    public static byte[] LinuxImage(int length = 4096, ulong imageSize = 8192)
    {
        byte[] image = new byte[length];
        for (int i = 64; i < length; i++)
        {
            image[i] = (byte)i;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(image, 0x0000_006f);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(8), 0x200000);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(16), imageSize);
        "RISCV\0\0\0RSC\u0005"u8.CopyTo(image.AsSpan(0x30));
        return image;
    }

    /// <summary>An ELF of the given segments, each filled with its index + 1, and the given symbols.</summary>
    public static byte[] Elf((ulong Physical, ulong Virtual, int FileSize, ulong MemorySize)[] segments, ulong entry, params (string Name, ulong Value, ulong Size)[] symbols)
    {
        const int HeaderSize = 64;
        const int ProgramHeaderSize = 56;
        const int SectionHeaderSize = 64;
        const int SymbolSize = 24;
        MemoryStream strings = new();
        strings.WriteByte(0);
        byte[] symbolTable = new byte[(symbols.Length + 1) * SymbolSize];
        for (int i = 0; i < symbols.Length; i++)
        {
            Span<byte> symbol = symbolTable.AsSpan((i + 1) * SymbolSize);
            BinaryPrimitives.WriteUInt32LittleEndian(symbol, (uint)strings.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(symbol[6..], 1);
            BinaryPrimitives.WriteUInt64LittleEndian(symbol[8..], symbols[i].Value);
            BinaryPrimitives.WriteUInt64LittleEndian(symbol[16..], symbols[i].Size);
            strings.Write(Encoding.ASCII.GetBytes(symbols[i].Name + "\0"));
        }

        int data = HeaderSize + (segments.Length * ProgramHeaderSize);
        int symbolOffset = data + segments.Sum(s => s.FileSize);
        int stringOffset = symbolOffset + symbolTable.Length;
        int sections = stringOffset + (int)strings.Length;
        byte[] file = new byte[sections + (3 * SectionHeaderSize)];
        "\x7f\x45LF"u8.CopyTo(file);
        file[4] = 2;
        file[5] = 1;
        file[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(ElfType), 2);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(ElfMachine), 243);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(ElfEntry), entry);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(32), HeaderSize);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(40), (ulong)sections);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(54), ProgramHeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(56), (ushort)segments.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(58), SectionHeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(60), 3);
        for (int i = 0; i < segments.Length; i++)
        {
            Span<byte> header = file.AsSpan(HeaderSize + (i * ProgramHeaderSize));
            BinaryPrimitives.WriteUInt32LittleEndian(header, 1);
            BinaryPrimitives.WriteUInt64LittleEndian(header[8..], (ulong)data);
            BinaryPrimitives.WriteUInt64LittleEndian(header[16..], segments[i].Virtual);
            BinaryPrimitives.WriteUInt64LittleEndian(header[24..], segments[i].Physical);
            BinaryPrimitives.WriteUInt64LittleEndian(header[32..], (ulong)segments[i].FileSize);
            BinaryPrimitives.WriteUInt64LittleEndian(header[40..], segments[i].MemorySize);
            file.AsSpan(data, segments[i].FileSize).Fill((byte)(i + 1));
            data += segments[i].FileSize;
        }

        symbolTable.CopyTo(file, symbolOffset);
        strings.ToArray().CopyTo(file, stringOffset);
        Section(file.AsSpan(sections + SectionHeaderSize), 2, symbolOffset, symbolTable.Length, 2);
        Section(file.AsSpan(sections + (2 * SectionHeaderSize)), 3, stringOffset, (int)strings.Length, 0);
        return file;
    }

    public static byte[] SmallElf(params (string Name, ulong Value, ulong Size)[] symbols) =>
        Elf([(0x80000000, 0x80000000, 64, 128), (0x80001000, 0x80001000, 32, 32)], 0x80000004, symbols);

    public static byte[] Gzip(byte[] content)
    {
        MemoryStream output = new();
        using (GZipStream gzip = new(output, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(content);
        }

        return output.ToArray();
    }

    /// <summary>The EFI zboot wrapper around a payload.</summary>
    public static byte[] Zboot(byte[] payload, string method)
    {
        const int PayloadOffset = 0x200;
        byte[] file = new byte[PayloadOffset + payload.Length];
        "MZ\0\0zimg"u8.CopyTo(file);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(8), PayloadOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(12), (uint)payload.Length);
        Encoding.ASCII.GetBytes(method).CopyTo(file, 24);
        payload.CopyTo(file, PayloadOffset);
        return file;
    }

    private static void Section(Span<byte> header, uint type, int offset, int size, uint link)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], type);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], (ulong)offset);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], (ulong)size);
        BinaryPrimitives.WriteUInt32LittleEndian(header[40..], link);
    }
}
