using System.Buffers.Binary;
using System.Text;

namespace CoveJit.Guests;

/// <summary>Which shared libraries an ELF file names (System V ABI, "Dynamic Section").</summary>
internal static class SharedLibraries
{
    private const uint SectionDynamic = 6;
    private const ulong TagNeeded = 1;

    /// <summary>The names of the libraries that a 64-bit little-endian ELF file needs, in its order.</summary>
    /// <exception cref="InvalidDataException">It is not such a file, or it is cut off.</exception>
    public static IReadOnlyList<string> NeededBy(ReadOnlySpan<byte> file)
    {
        if (file.Length < 64 || !file[..6].SequenceEqual((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
        {
            throw new InvalidDataException("not a 64-bit little-endian ELF file");
        }

        try
        {
            ReadOnlySpan<byte> sections = file[(int)U64(file, 0x28)..];
            int count = BinaryPrimitives.ReadUInt16LittleEndian(file[0x3C..]);
            for (int i = 0; i < count; i++)
            {
                ReadOnlySpan<byte> section = sections.Slice(64 * i, 64);
                if (BinaryPrimitives.ReadUInt32LittleEndian(section[4..]) == SectionDynamic)
                {
                    int link = (int)BinaryPrimitives.ReadUInt32LittleEndian(section[40..]);
                    return Names(Content(file, section), Content(file, sections.Slice(64 * link, 64)));
                }
            }
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or OverflowException)
        {
            throw new InvalidDataException("the ELF file is cut off", e);
        }

        return [];
    }

    private static List<string> Names(ReadOnlySpan<byte> dynamic, ReadOnlySpan<byte> strings)
    {
        List<string> names = [];
        for (int at = 0; at + 16 <= dynamic.Length; at += 16)
        {
            if (U64(dynamic, at) == TagNeeded)
            {
                ReadOnlySpan<byte> name = strings[(int)U64(dynamic, at + 8)..];
                names.Add(Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]));
            }
        }

        return names;
    }

    private static ReadOnlySpan<byte> Content(ReadOnlySpan<byte> file, ReadOnlySpan<byte> section) =>
        file.Slice(checked((int)U64(section, 24)), checked((int)U64(section, 32)));

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
