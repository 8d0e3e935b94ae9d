using System.Buffers.Binary;
using System.Text;

namespace CoveJit.Guests.Kernel;

/// <summary>What a kernel module says of itself in its <c>.modinfo</c> section.</summary>
/// <param name="Depends">Modules whose symbols it uses.</param>
/// <param name="SoftPre">Modules it would like to have before itself (<c>softdep=pre:</c>).</param>
internal sealed record ModuleInfo(IReadOnlyList<string> Depends, IReadOnlyList<string> SoftPre)
{
    /// <summary>Reads a 64-bit little-endian ELF module.</summary>
    /// <exception cref="InvalidDataException">It is no such file.</exception>
    public static ModuleInfo Read(ReadOnlySpan<byte> module) => Parse(ModinfoSection(module));

    /// <summary>Reads the content of a <c>.modinfo</c> section: NUL-terminated <c>key=value</c> strings.</summary>
    public static ModuleInfo Parse(ReadOnlySpan<byte> section)
    {
        List<string> depends = [];
        List<string> pre = [];
        foreach (string line in Encoding.UTF8.GetString(section).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("depends=", StringComparison.Ordinal))
            {
                depends.AddRange(line["depends=".Length..].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Normalise));
            }
            else if (line.StartsWith("softdep=", StringComparison.Ordinal))
            {
                bool inPre = false;
                foreach (string word in line["softdep=".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    if (word.EndsWith(':'))
                    {
                        inPre = word == "pre:";
                    }
                    else if (inPre)
                    {
                        pre.Add(Normalise(word));
                    }
                }
            }
        }

        return new ModuleInfo(depends, pre);
    }

    /// <summary>Module names compare with dashes and underscores taken as equal.</summary>
    public static string Normalise(string name) => name.Replace('-', '_');

    private static ReadOnlySpan<byte> ModinfoSection(ReadOnlySpan<byte> elf)
    {
        if (elf.Length < 64 || !elf[..6].SequenceEqual("\u007fELF\u0002\u0001"u8))
        {
            throw new InvalidDataException("not a 64-bit little-endian ELF file");
        }

        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(elf[0x28..]);
        int entrySize = BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3A..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3C..]);
        int namesIndex = BinaryPrimitives.ReadUInt16LittleEndian(elf[0x3E..]);
        ReadOnlySpan<byte> names = Section(elf, table, entrySize, namesIndex, out _);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> content = Section(elf, table, entrySize, i, out uint name);
            if (name < (uint)names.Length && names[(int)name..].StartsWith(".modinfo\0"u8))
            {
                return content;
            }
        }

        throw new InvalidDataException("no .modinfo section");
    }

    private static ReadOnlySpan<byte> Section(ReadOnlySpan<byte> elf, ulong table, int entrySize, int index, out uint name)
    {
        const uint NoBits = 8;
        ulong at = table + ((ulong)entrySize * (ulong)index);
        if (entrySize < 64 || at > (ulong)elf.Length || (ulong)elf.Length - at < 64)
        {
            throw new InvalidDataException("section header outside the file");
        }

        ReadOnlySpan<byte> header = elf[(int)at..];
        name = BinaryPrimitives.ReadUInt32LittleEndian(header);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) == NoBits)
        {
            return [];
        }

        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(header[0x18..]);
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(header[0x20..]);
        return offset <= (ulong)elf.Length && size <= (ulong)elf.Length - offset
            ? elf.Slice((int)offset, (int)size)
            : throw new InvalidDataException("section outside the file");
    }
}
