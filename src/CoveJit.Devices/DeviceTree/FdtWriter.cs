using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace CoveJit.Devices.DeviceTree;

/// <summary>Flattens a tree: header, reservations, structure and strings, in the order the specification demands.</summary>
internal sealed class FdtWriter
{
    private readonly ArrayBufferWriter<byte> _structure = new();
    private readonly ArrayBufferWriter<byte> _strings = new();
    private readonly Dictionary<string, uint> _stringOffsets = [];

    public static byte[] Write(FlattenedDeviceTree tree)
    {
        FdtWriter writer = new();
        if (tree.Root.Name.Length != 0)
        {
            throw new InvalidOperationException($"The root node is named '{tree.Root.Name}'; its name must be empty.");
        }

        writer.Node(tree.Root, "", 1);
        Cell(writer._structure, FdtFormat.End);
        return writer.Assemble(tree);
    }

    private void Node(DeviceTreeNode node, string path, int depth)
    {
        if (depth > FlattenedDeviceTree.MaximumDepth)
        {
            throw new InvalidOperationException($"Device tree node {path} is nested deeper than {FlattenedDeviceTree.MaximumDepth} levels.");
        }

        Cell(_structure, FdtFormat.BeginNode);
        PaddedString(node.Name);

        HashSet<string> seen = [];
        foreach ((string name, byte[] value) in node.Properties)
        {
            CheckName(name, seen, path, "property");
            Cell(_structure, FdtFormat.Prop);
            Cell(_structure, (uint)value.Length);
            Cell(_structure, StringOffset(name));
            Padded(value);
        }

        seen.Clear();
        foreach (DeviceTreeNode child in node.Children)
        {
            CheckName(child.Name, seen, path, "node");
            Node(child, $"{path}/{child.Name}", depth + 1);
        }

        Cell(_structure, FdtFormat.EndNode);
    }

    private static void CheckName(string name, HashSet<string> seen, string path, string kind)
    {
        if (!FdtFormat.IsName(name.AsSpan()))
        {
            throw new InvalidOperationException($"'{name}' in device tree node {path}/ is no valid {kind} name.");
        }

        if (!seen.Add(name))
        {
            throw new InvalidOperationException($"Device tree node {path}/ has two {kind} entries named '{name}'.");
        }
    }

    private byte[] Assemble(FlattenedDeviceTree tree)
    {
        int reservations = FdtFormat.AlignUp(FdtFormat.HeaderSize, 8);
        int structure = reservations + ((tree.MemoryReservations.Count + 1) * FdtFormat.ReservationEntrySize);
        int strings = structure + _structure.WrittenCount;
        int total = FdtFormat.AlignUp(strings + _strings.WrittenCount, 8);

        byte[] blob = new byte[total];
        ReadOnlySpan<uint> header =
        [
            FdtFormat.Magic, (uint)total, (uint)structure, (uint)strings, (uint)reservations, FdtFormat.Version,
            FdtFormat.LastCompatibleVersion, tree.BootCpuId, (uint)_strings.WrittenCount, (uint)_structure.WrittenCount,
        ];
        for (int i = 0; i < header.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(blob.AsSpan(i * 4), header[i]);
        }

        Span<byte> entry = blob.AsSpan(reservations);
        foreach (MemoryReservation reservation in tree.MemoryReservations)
        {
            if (reservation == default)
            {
                throw new InvalidOperationException("A memory reservation of no bytes at address 0 would end the reservation list.");
            }

            BinaryPrimitives.WriteUInt64BigEndian(entry, reservation.Address);
            BinaryPrimitives.WriteUInt64BigEndian(entry[8..], reservation.Size);
            entry = entry[FdtFormat.ReservationEntrySize..];
        }

        _structure.WrittenSpan.CopyTo(blob.AsSpan(structure));
        _strings.WrittenSpan.CopyTo(blob.AsSpan(strings));
        return blob;
    }

    private uint StringOffset(string name)
    {
        if (!_stringOffsets.TryGetValue(name, out uint offset))
        {
            offset = (uint)_strings.WrittenCount;
            _stringOffsets.Add(name, offset);
            _strings.Write(Encoding.ASCII.GetBytes(name + "\0"));
        }

        return offset;
    }

    private void PaddedString(string text) => Padded(Encoding.ASCII.GetBytes(text + "\0"));

    private void Padded(ReadOnlySpan<byte> bytes)
    {
        _structure.Write(bytes);
        int padding = FdtFormat.AlignUp(bytes.Length, 4) - bytes.Length;
        _structure.GetSpan(4)[..padding].Clear();
        _structure.Advance(padding);
    }

    private static void Cell(ArrayBufferWriter<byte> block, uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(block.GetSpan(4), value);
        block.Advance(4);
    }
}
