using System.Buffers.Binary;
using System.Text;
using CoveJit.Devices.DeviceTree;

namespace CoveJit.Devices.Tests.BoardFakes;

internal static class NodeReading
{
    public static byte[] Bytes(this DeviceTreeNode node, string property) => node.Properties.Single(p => p.Key == property).Value;

    public static uint[] Cells(this DeviceTreeNode node, string property)
    {
        byte[] bytes = node.Bytes(property);
        return [.. Enumerable.Range(0, bytes.Length / 4).Select(i => BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(i * 4)))];
    }

    public static string[] Strings(this DeviceTreeNode node, string property) =>
        Encoding.UTF8.GetString(node.Bytes(property)).TrimEnd('\0').Split('\0');

    /// <summary>A text form in which two equal trees are equal.</summary>
    public static string Dump(this DeviceTreeNode node)
    {
        StringBuilder text = new();
        Append(node, 0);
        return text.ToString();

        void Append(DeviceTreeNode current, int depth)
        {
            string indent = new(' ', depth * 2);
            text.Append(indent).Append('[').Append(current.Name).AppendLine("]");
            foreach ((string name, byte[] value) in current.Properties)
            {
                text.Append(indent).Append(name).Append('=').AppendLine(Convert.ToHexString(value));
            }

            foreach (DeviceTreeNode child in current.Children)
            {
                Append(child, depth + 1);
            }
        }
    }
}
