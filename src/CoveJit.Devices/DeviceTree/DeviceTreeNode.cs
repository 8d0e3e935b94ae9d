using System.Buffers.Binary;
using System.Text;

namespace CoveJit.Devices.DeviceTree;

/// <summary>A node of the device tree under construction (Devicetree Specification 0.4, section 2). Order of properties and children is kept.</summary>
/// <param name="name">Node name with its unit address, for example <c>serial@10000000</c>; empty for the root.</param>
public sealed class DeviceTreeNode(string name)
{
    private readonly List<KeyValuePair<string, byte[]>> _properties = [];
    private readonly List<DeviceTreeNode> _children = [];

    /// <summary>Node name with its unit address.</summary>
    public string Name { get; } = name;

    /// <summary>Properties in order; values in their big-endian form.</summary>
    public IReadOnlyList<KeyValuePair<string, byte[]>> Properties => _properties;

    /// <summary>Child nodes in order.</summary>
    public IReadOnlyList<DeviceTreeNode> Children => _children;

    /// <summary>Adds and returns a child.</summary>
    public DeviceTreeNode AddChild(string childName)
    {
        DeviceTreeNode child = new(childName);
        _children.Add(child);
        return child;
    }

    /// <summary>The direct child of that name, or null.</summary>
    public DeviceTreeNode? Find(string childName) => _children.Find(child => child.Name == childName);

    /// <summary>Sets a property to raw bytes, replacing an earlier value. Returns this node, so that calls chain.</summary>
    public DeviceTreeNode Set(string property, ReadOnlySpan<byte> value)
    {
        _properties.RemoveAll(p => p.Key == property);
        _properties.Add(new(property, value.ToArray()));
        return this;
    }

    /// <summary>Adds a property known to be new: unlike <see cref="Set(string, ReadOnlySpan{byte})"/> it does not look for an earlier value.</summary>
    internal void Append(string property, ReadOnlySpan<byte> value) => _properties.Add(new(property, value.ToArray()));

    /// <summary>Sets an empty (boolean) property.</summary>
    public DeviceTreeNode Set(string property) => Set(property, ReadOnlySpan<byte>.Empty);

    /// <summary>Sets a property to a list of NUL-terminated strings.</summary>
    public DeviceTreeNode Set(string property, params ReadOnlySpan<string> strings)
    {
        List<byte> bytes = [];
        foreach (string s in strings)
        {
            bytes.AddRange(Encoding.UTF8.GetBytes(s));
            bytes.Add(0);
        }

        return Set(property, bytes.ToArray());
    }

    /// <summary>Sets a property to a list of 32-bit cells.</summary>
    public DeviceTreeNode SetCells(string property, params ReadOnlySpan<uint> cells)
    {
        byte[] bytes = new byte[cells.Length * 4];
        for (int i = 0; i < cells.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(i * 4), cells[i]);
        }

        return Set(property, bytes);
    }

    /// <summary>Sets a property to a list of 64-bit values, two cells each: the form of <c>reg</c> under #address-cells = #size-cells = 2.</summary>
    public DeviceTreeNode SetPairs(string property, params ReadOnlySpan<ulong> values)
    {
        byte[] bytes = new byte[values.Length * 8];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(i * 8), values[i]);
        }

        return Set(property, bytes);
    }
}
