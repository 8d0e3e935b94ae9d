using System.Buffers.Binary;
using System.Text;

namespace CoveJit.Devices.DeviceTree;

/// <summary>
/// Reads one blob. Every offset is checked against its block before use, nesting is kept on an explicit stack, and each step
/// consumes at least one token, so time and memory are linear in the blob's size whatever it holds.
/// </summary>
internal ref struct FdtReader(ReadOnlySpan<byte> blob)
{
    private readonly ReadOnlySpan<byte> _input = blob;
    private readonly Stack<Level> _levels = new();
    private readonly Dictionary<uint, string> _names = [];
    private ReadOnlySpan<byte> _blob;
    private int _position;
    private int _structureEnd;
    private int _strings;
    private int _stringsEnd;

    public FlattenedDeviceTree Read()
    {
        int structure = ReadHeader(out int reservations, out uint bootCpuId);
        List<MemoryReservation> reserved = ReadReservations(reservations, out int reservationsEnd);
        RefuseOverlap((reservations, reservationsEnd), (structure, _structureEnd), 16);
        RefuseOverlap((reservations, reservationsEnd), (_strings, _stringsEnd), 16);
        RefuseOverlap((structure, _structureEnd), (_strings, _stringsEnd), 8);

        _position = structure;
        FlattenedDeviceTree tree = new(ReadRoot()) { BootCpuId = bootCpuId };
        foreach (MemoryReservation reservation in reserved)
        {
            tree.MemoryReservations.Add(reservation);
        }

        return tree;
    }

    private int ReadHeader(out int reservations, out uint bootCpuId)
    {
        if (_input.Length < FdtFormat.HeaderSize)
        {
            throw new DeviceTreeFormatException(_input.Length, $"the blob ends inside its {FdtFormat.HeaderSize}-byte header");
        }

        _blob = _input;
        if (Cell(0) != FdtFormat.Magic)
        {
            throw new DeviceTreeFormatException(0, $"the magic number is 0x{Cell(0):x8}, not 0x{FdtFormat.Magic:x8}");
        }

        uint total = Cell(4);
        if (total < FdtFormat.HeaderSize || total > (uint)_input.Length)
        {
            throw new DeviceTreeFormatException(4, $"totalsize is {total}, the blob has {_input.Length} bytes");
        }

        uint version = Cell(20);
        uint compatible = Cell(24);
        if (version < FdtFormat.Version || compatible > FdtFormat.Version)
        {
            throw new DeviceTreeFormatException(20, $"version {version} (compatible down to {compatible}) is not readable as version {FdtFormat.Version}");
        }

        _blob = _input[..(int)total];
        bootCpuId = Cell(28);
        reservations = Block(16, 0, 8, "memory reservation block");
        int structure = Block(8, Cell(36), 4, "structure block");
        _structureEnd = structure + (int)Cell(36);
        _strings = Block(12, Cell(32), 1, "strings block");
        _stringsEnd = _strings + (int)Cell(32);
        if (Cell(36) % 4 != 0)
        {
            throw new DeviceTreeFormatException(36, "the structure block's size is not a multiple of 4");
        }

        return structure;
    }

    /// <summary>The offset of a block whose place is named at a header field, checked to lie behind the header and inside the blob.</summary>
    private readonly int Block(int field, uint size, uint alignment, string name)
    {
        uint offset = Cell(field);
        if (offset < FdtFormat.HeaderSize || (ulong)offset + size > (ulong)_blob.Length)
        {
            throw new DeviceTreeFormatException(field, $"the {name} (offset 0x{offset:x}, {size} bytes) does not lie inside the blob");
        }

        if (offset % alignment != 0)
        {
            throw new DeviceTreeFormatException(field, $"the {name} at 0x{offset:x} is not aligned to {alignment} bytes");
        }

        return (int)offset;
    }

    private static void RefuseOverlap((int Start, int End) a, (int Start, int End) b, int field)
    {
        if (a.Start < b.End && b.Start < a.End)
        {
            throw new DeviceTreeFormatException(field, $"the blocks at 0x{a.Start:x} and 0x{b.Start:x} overlap");
        }
    }

    private readonly List<MemoryReservation> ReadReservations(int start, out int end)
    {
        List<MemoryReservation> reserved = [];
        for (int at = start; ; at += FdtFormat.ReservationEntrySize)
        {
            if (_blob.Length - at < FdtFormat.ReservationEntrySize)
            {
                throw new DeviceTreeFormatException(at, "the memory reservation block has no end");
            }

            MemoryReservation entry = new(BinaryPrimitives.ReadUInt64BigEndian(_blob[at..]), BinaryPrimitives.ReadUInt64BigEndian(_blob[(at + 8)..]));
            if (entry == default)
            {
                end = at + FdtFormat.ReservationEntrySize;
                return reserved;
            }

            reserved.Add(entry);
        }
    }

    private DeviceTreeNode ReadRoot()
    {
        DeviceTreeNode? root = null;
        while (true)
        {
            int at = _position;
            uint token = NextCell("a token");
            switch (token)
            {
                case FdtFormat.Nop:
                    break;
                case FdtFormat.BeginNode when _levels.Count > 0:
                    BeginChild(at);
                    break;
                case FdtFormat.BeginNode when root is null:
                    if (NextString().Length != 0)
                    {
                        throw new DeviceTreeFormatException(at, "the root node has a name");
                    }

                    root = new DeviceTreeNode("");
                    _levels.Push(new Level(root));
                    break;
                case FdtFormat.Prop when _levels.Count > 0:
                    ReadProperty(at);
                    break;
                case FdtFormat.EndNode when _levels.Count > 0:
                    _levels.Pop();
                    break;
                case FdtFormat.End when _levels.Count == 0 && root is not null:
                    if (_position != _structureEnd)
                    {
                        throw new DeviceTreeFormatException(_position, "the structure block goes on behind its end token");
                    }

                    return root;
                default:
                    throw new DeviceTreeFormatException(at, $"token {token} is unknown or out of place");
            }
        }
    }

    private void BeginChild(int at)
    {
        if (_levels.Count >= FlattenedDeviceTree.MaximumDepth)
        {
            throw new DeviceTreeFormatException(at, $"nodes are nested deeper than {FlattenedDeviceTree.MaximumDepth} levels");
        }

        ReadOnlySpan<byte> bytes = NextString();
        if (!FdtFormat.IsName(bytes))
        {
            throw new DeviceTreeFormatException(at + 4, "the node's name is empty, too long or holds invalid characters");
        }

        Level parent = _levels.Peek();
        string name = Encoding.ASCII.GetString(bytes);
        parent.ChildNames ??= [];
        if (!parent.ChildNames.Add(name))
        {
            throw new DeviceTreeFormatException(at, $"a sibling is named '{name}' too");
        }

        _levels.Push(new Level(parent.Node.AddChild(name)));
    }

    private void ReadProperty(int at)
    {
        Level level = _levels.Peek();
        if (level.ChildNames is not null)
        {
            throw new DeviceTreeFormatException(at, "a property follows a child node");
        }

        uint length = NextCell("a property's length");
        string name = PropertyName(NextCell("a property's name offset"), at + 8);
        if (length > (uint)(_structureEnd - _position))
        {
            throw new DeviceTreeFormatException(at + 4, $"the value of '{name}' ({length} bytes) runs past the structure block");
        }

        if (!level.PropertyNames.Add(name))
        {
            throw new DeviceTreeFormatException(at, $"the node has a property '{name}' already");
        }

        level.Node.Append(name, _blob.Slice(_position, (int)length));
        // The block's end is aligned to 4, so the padding of a value that fits fits too.
        _position = FdtFormat.AlignUp(_position + (int)length, 4);
    }

    private readonly string PropertyName(uint offset, int at)
    {
        if (_names.TryGetValue(offset, out string? known))
        {
            return known;
        }

        if (offset >= (uint)(_stringsEnd - _strings))
        {
            throw new DeviceTreeFormatException(at, $"the name offset 0x{offset:x} lies outside the strings block");
        }

        ReadOnlySpan<byte> rest = _blob[(_strings + (int)offset).._stringsEnd];
        // Looking no further than a name can reach keeps the scan of hostile strings linear.
        int length = rest[..Math.Min(rest.Length, FdtFormat.MaximumNameLength + 1)].IndexOf((byte)0);
        if (length < 0 || !FdtFormat.IsName(rest[..length]))
        {
            throw new DeviceTreeFormatException(_strings + offset, "the property's name is empty, too long, not terminated or holds invalid characters");
        }

        string name = Encoding.ASCII.GetString(rest[..length]);
        _names.Add(offset, name);
        return name;
    }

    /// <summary>The NUL-terminated, padded string at the position.</summary>
    private ReadOnlySpan<byte> NextString()
    {
        ReadOnlySpan<byte> rest = _blob[_position.._structureEnd];
        int length = rest[..Math.Min(rest.Length, FdtFormat.MaximumNameLength + 1)].IndexOf((byte)0);
        if (length < 0)
        {
            throw new DeviceTreeFormatException(_position, "the node's name is too long or not terminated");
        }

        _position = FdtFormat.AlignUp(_position + length + 1, 4);
        return rest[..length];
    }

    private uint NextCell(string what)
    {
        if (_structureEnd - _position < 4)
        {
            throw new DeviceTreeFormatException(_position, $"the structure block ends where {what} should be");
        }

        uint value = Cell(_position);
        _position += 4;
        return value;
    }

    private readonly uint Cell(int offset) => BinaryPrimitives.ReadUInt32BigEndian(_blob[offset..]);

    /// <summary>A node whose end has not been read yet, and the names it holds so far.</summary>
    private sealed class Level(DeviceTreeNode node)
    {
        public DeviceTreeNode Node { get; } = node;

        public HashSet<string> PropertyNames { get; } = [];

        public HashSet<string>? ChildNames { get; set; }
    }
}
