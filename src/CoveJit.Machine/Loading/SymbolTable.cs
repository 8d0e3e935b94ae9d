using System.Buffers.Binary;
using System.Text;

namespace CoveJit.Machines.Loading;

/// <summary>An ELF file's symbols, searchable by name and, for traces and panics, by address. Names are decoded only when asked for.</summary>
public sealed class SymbolTable
{
    private const int SymbolSize = 24;
    private const int LongestName = 4096;
    private const int TypeNone = 0;
    private const int TypeObject = 1;
    private const int TypeFunction = 2;
    private const ushort SectionUndefined = 0;
    private const ushort SectionAbsolute = 0xfff1;

    private readonly Entry[] _byAddress;
    private readonly ReadOnlyMemory<byte> _names;

    private SymbolTable(Entry[] byAddress, ReadOnlyMemory<byte> names)
    {
        _byAddress = byAddress;
        _names = names;
    }

    /// <summary>A table without symbols.</summary>
    public static SymbolTable Empty { get; } = new([], default);

    /// <summary>Number of defined symbols.</summary>
    public int Count => _byAddress.Length;

    /// <summary>Address (st_value) of the symbol of that exact name.</summary>
    public bool TryGetAddress(string name, out ulong address)
    {
        byte[] wanted = Encoding.UTF8.GetBytes(name + "\0");
        foreach (Entry entry in _byAddress)
        {
            if (_names.Span[entry.Name..].StartsWith(wanted))
            {
                address = entry.Address;
                return true;
            }
        }

        address = 0;
        return false;
    }

    /// <summary>The code or data symbol at or before an address, and the distance to it.</summary>
    /// <returns>False if no symbol lies before the address, or the nearest one states a size that ends before it.</returns>
    public bool TryFind(ulong address, out string name, out ulong offset)
    {
        int low = 0;
        int high = _byAddress.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_byAddress[middle].Address <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        for (int i = low - 1; i >= 0 && _byAddress[i].Address == _byAddress[low - 1].Address; i--)
        {
            Entry entry = _byAddress[i];
            offset = address - entry.Address;
            if (!entry.Absolute && (entry.Size == 0 || offset < entry.Size))
            {
                name = NameAt(entry.Name);
                if (name.Length > 0)
                {
                    return true;
                }
            }
        }

        name = string.Empty;
        offset = 0;
        return false;
    }

    /// <summary>An address as traces print it: <c>trap_entry+0x1c</c>, or the bare number if nothing is known.</summary>
    public string Symbolize(ulong address)
    {
        if (!TryFind(address, out string name, out ulong offset))
        {
            return $"0x{address:x}";
        }

        return offset == 0 ? name : $"{name}+0x{offset:x}";
    }

    /// <summary>Reads Elf64_Sym records; symbols that are undefined, nameless or named outside the string table are dropped.</summary>
    internal static SymbolTable Parse(ReadOnlySpan<byte> symbols, ReadOnlyMemory<byte> names)
    {
        List<Entry> entries = [];
        for (int i = 0; i + SymbolSize <= symbols.Length; i += SymbolSize)
        {
            ReadOnlySpan<byte> symbol = symbols.Slice(i, SymbolSize);
            uint name = BinaryPrimitives.ReadUInt32LittleEndian(symbol);
            int type = symbol[4] & 0xf;
            ushort section = BinaryPrimitives.ReadUInt16LittleEndian(symbol[6..]);
            if (name == 0 || name >= (uint)names.Length || section == SectionUndefined || type is not (TypeNone or TypeObject or TypeFunction))
            {
                continue;
            }

            // Mapping symbols ($x, $d: RISC-V ELF psABI) mark code and data and name nothing.
            if (names.Span[(int)name] == (byte)'$')
            {
                continue;
            }

            entries.Add(new Entry(
                BinaryPrimitives.ReadUInt64LittleEndian(symbol[8..]),
                BinaryPrimitives.ReadUInt64LittleEndian(symbol[16..]),
                (int)name,
                section == SectionAbsolute));
        }

        Entry[] sorted = [.. entries.OrderBy(e => e.Address).ThenBy(e => e.Size)];
        return new SymbolTable(sorted, names);
    }

    private string NameAt(int offset)
    {
        ReadOnlySpan<byte> bytes = _names.Span[offset..];
        bytes = bytes[..Math.Min(bytes.Length, LongestName)];
        int end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    private readonly record struct Entry(ulong Address, ulong Size, int Name, bool Absolute);
}
