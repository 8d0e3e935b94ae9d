using System.Buffers.Binary;

namespace CoveJit.Machines.Loading;

/// <summary>
/// A 64-bit little-endian RISC-V ELF file: its loadable segments, entry point and symbols. Parsing trusts nothing: every
/// offset is checked against the file, segments may not overlap, and work is bounded by the file's length.
/// </summary>
public sealed class ElfFile
{
    private const int HeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const int SectionHeaderSize = 64;
    private const int SymbolSize = 24;
    private const ushort ExtendedCount = 0xffff;
    private const ushort EtExec = 2;
    private const ushort EtDyn = 3;
    private const ushort EmRiscV = 243;
    private const uint PfX = 1;
    private const uint PtLoad = 1;
    private const uint ShtSymtab = 2;
    private const uint ShtDynsym = 11;

    private readonly ReadOnlyMemory<byte> _content;

    private ElfFile(ReadOnlyMemory<byte> content, ulong entry, bool relocatable, IReadOnlyList<ElfSegment> segments, SymbolTable symbols)
    {
        _content = content;
        EntryPoint = entry;
        IsPositionIndependent = relocatable;
        Segments = segments;
        Symbols = symbols;
    }

    /// <summary>e_entry as the file states it: a virtual address.</summary>
    public ulong EntryPoint { get; }

    /// <summary>Whether the file is ET_DYN, so that it may be loaded at any address.</summary>
    public bool IsPositionIndependent { get; }

    /// <summary>The loadable segments with content, ordered by physical address, none overlapping; at least one.</summary>
    public IReadOnlyList<ElfSegment> Segments { get; }

    /// <summary>The symbols; empty if the file was stripped.</summary>
    public SymbolTable Symbols { get; }

    /// <summary>Whether the bytes begin as an ELF file of any kind.</summary>
    public static bool Recognises(ReadOnlySpan<byte> content) => content.StartsWith("\x7f\x45LF"u8);

    /// <summary>Parses and checks a file.</summary>
    /// <exception cref="LoadException">It is truncated, inconsistent, for another machine, or has nothing to load.</exception>
    public static ElfFile Parse(GuestFile file)
    {
        ReadOnlySpan<byte> content = file.Content.Span;
        if (!Recognises(content) || content.Length < HeaderSize)
        {
            throw Truncated(file, "header runs");
        }

        CheckTarget(file, content);
        bool relocatable = BinaryPrimitives.ReadUInt16LittleEndian(content[16..]) == EtDyn;
        ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(content[24..]);
        List<ElfSegment> segments = ReadSegments(file, content);
        return new ElfFile(file.Content, entry, relocatable, segments, ReadSymbols(file.Content));
    }

    /// <summary>The file's bytes of one segment.</summary>
    public ReadOnlySpan<byte> Bytes(ElfSegment segment) => _content.Span.Slice((int)segment.FileOffset, (int)segment.FileSize);

    /// <summary>The physical address of the entry point: a kernel linked at a virtual address states that in e_entry.</summary>
    /// <returns>False if the entry point lies in no loaded segment.</returns>
    public bool TryGetPhysicalEntryPoint(out ulong address)
    {
        foreach (ElfSegment segment in Segments)
        {
            if (EntryPoint - segment.VirtualAddress < segment.MemorySize)
            {
                address = segment.PhysicalAddress + (EntryPoint - segment.VirtualAddress);
                return true;
            }
        }

        // Some link scripts state the entry point physically although the segments are linked virtually.
        foreach (ElfSegment segment in Segments)
        {
            if (EntryPoint - segment.PhysicalAddress < segment.MemorySize)
            {
                address = EntryPoint;
                return true;
            }
        }

        address = 0;
        return false;
    }

    private static void CheckTarget(GuestFile file, ReadOnlySpan<byte> content)
    {
        const string Mend = "give an ELF built for riscv64";
        bool littleEndian = content[5] == 1;
        ushort machine = littleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(content[18..]) : BinaryPrimitives.ReadUInt16BigEndian(content[18..]);
        if (machine != EmRiscV)
        {
            throw new LoadException($"{file.Display} is an ELF for {MachineName(machine)}, not for RISC-V", Mend);
        }

        if (content[4] != 2)
        {
            throw new LoadException($"{file.Display} is a 32-bit RISC-V ELF", Mend);
        }

        if (!littleEndian)
        {
            throw new LoadException($"{file.Display} is a big-endian ELF", Mend);
        }

        ushort type = BinaryPrimitives.ReadUInt16LittleEndian(content[16..]);
        if (type is not (EtExec or EtDyn))
        {
            throw new LoadException($"{file.Display} is not an executable ELF (e_type {type})", "link it first; an object file or a core dump cannot be booted");
        }
    }

    private static List<ElfSegment> ReadSegments(GuestFile file, ReadOnlySpan<byte> content)
    {
        ulong tableOffset = BinaryPrimitives.ReadUInt64LittleEndian(content[32..]);
        ushort entrySize = BinaryPrimitives.ReadUInt16LittleEndian(content[54..]);
        ushort count = BinaryPrimitives.ReadUInt16LittleEndian(content[56..]);
        if (count == 0)
        {
            throw new LoadException($"{file.Display} has no program headers", "give a linked executable");
        }

        if (entrySize < ProgramHeaderSize || count == ExtendedCount)
        {
            throw Corrupt(file, "its program header table has an impossible shape");
        }

        if (!Fits(content, tableOffset, (ulong)entrySize * count))
        {
            throw Truncated(file, "program headers run");
        }

        List<ElfSegment> segments = [];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = content.Slice((int)tableOffset + (i * entrySize), ProgramHeaderSize);
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) != PtLoad)
            {
                continue;
            }

            ElfSegment segment = new(
                PhysicalAddress: BinaryPrimitives.ReadUInt64LittleEndian(header[24..]),
                VirtualAddress: BinaryPrimitives.ReadUInt64LittleEndian(header[16..]),
                FileOffset: BinaryPrimitives.ReadUInt64LittleEndian(header[8..]),
                FileSize: BinaryPrimitives.ReadUInt64LittleEndian(header[32..]),
                MemorySize: BinaryPrimitives.ReadUInt64LittleEndian(header[40..]),
                IsExecutable: (BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) & PfX) != 0);
            if (segment.MemorySize == 0)
            {
                continue;
            }

            if (segment.FileSize > segment.MemorySize)
            {
                throw Corrupt(file, $"segment {i} is larger in the file than in memory");
            }

            if (!Fits(content, segment.FileOffset, segment.FileSize))
            {
                throw Truncated(file, $"segment {i} runs");
            }

            if (segment.PhysicalEnd < segment.PhysicalAddress)
            {
                throw Corrupt(file, $"segment {i} wraps around the address space");
            }

            segments.Add(segment);
        }

        if (segments.Count == 0)
        {
            throw new LoadException($"{file.Display} has no loadable segment", "give a linked executable");
        }

        // Overlaps are refused not only because they make no sense: they would let a small file cost unbounded copying.
        segments.Sort((a, b) => a.PhysicalAddress.CompareTo(b.PhysicalAddress));
        for (int i = 1; i < segments.Count; i++)
        {
            if (segments[i].PhysicalAddress < segments[i - 1].PhysicalEnd)
            {
                throw Corrupt(file, $"two segments overlap at 0x{segments[i].PhysicalAddress:x}");
            }
        }

        return segments;
    }

    // A damaged symbol table costs symbols, not the boot: what does not fit the file is left out.
    private static SymbolTable ReadSymbols(ReadOnlyMemory<byte> file)
    {
        ReadOnlySpan<byte> content = file.Span;
        ulong tableOffset = BinaryPrimitives.ReadUInt64LittleEndian(content[40..]);
        ushort entrySize = BinaryPrimitives.ReadUInt16LittleEndian(content[58..]);
        ushort count = BinaryPrimitives.ReadUInt16LittleEndian(content[60..]);
        if (entrySize < SectionHeaderSize || !Fits(content, tableOffset, (ulong)entrySize * count))
        {
            return SymbolTable.Empty;
        }

        foreach (uint wanted in (ReadOnlySpan<uint>)[ShtSymtab, ShtDynsym])
        {
            for (int i = 0; i < count; i++)
            {
                ReadOnlySpan<byte> section = content.Slice((int)tableOffset + (i * entrySize), SectionHeaderSize);
                uint link = BinaryPrimitives.ReadUInt32LittleEndian(section[40..]);
                if (BinaryPrimitives.ReadUInt32LittleEndian(section[4..]) != wanted || link >= count)
                {
                    continue;
                }

                ReadOnlySpan<byte> strings = content.Slice((int)tableOffset + ((int)link * entrySize), SectionHeaderSize);
                if (TrySection(file, section, out ReadOnlyMemory<byte> symbols) && TrySection(file, strings, out ReadOnlyMemory<byte> names))
                {
                    return SymbolTable.Parse(symbols.Span[..(symbols.Length / SymbolSize * SymbolSize)], names);
                }
            }
        }

        return SymbolTable.Empty;
    }

    private static bool TrySection(ReadOnlyMemory<byte> file, ReadOnlySpan<byte> header, out ReadOnlyMemory<byte> section)
    {
        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        bool fits = Fits(file.Span, offset, size);
        section = fits ? file.Slice((int)offset, (int)size) : default;
        return fits;
    }

    private static bool Fits(ReadOnlySpan<byte> content, ulong offset, ulong size) =>
        offset <= (ulong)content.Length && size <= (ulong)content.Length - offset;

    private static string MachineName(ushort machine) => machine switch
    {
        3 => "x86",
        8 => "MIPS",
        20 or 21 => "PowerPC",
        22 => "s390",
        40 => "Arm",
        62 => "x86-64",
        183 => "AArch64",
        258 => "LoongArch",
        _ => $"machine type {machine}",
    };

    private static LoadException Truncated(GuestFile file, string what) =>
        new($"{file.Display} is a truncated ELF: its {what} past the end of the file", "copy or build it again");

    private static LoadException Corrupt(GuestFile file, string what) =>
        new($"{file.Display} is a corrupt ELF: {what}", "copy or build it again");
}
