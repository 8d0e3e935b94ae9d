namespace CoveJit.Devices.DeviceTree;

/// <summary>Hands out the phandles of one device tree: 1, 2, 3 and so on (Devicetree Specification 0.4, section 2.3.3).</summary>
public sealed class PhandleAllocator
{
    private uint _last;

    /// <summary>A phandle no node has yet; for a node that others must name before it exists.</summary>
    public uint Reserve() => ++_last;

    /// <summary>Gives a node a fresh <c>phandle</c> property and returns its value.</summary>
    public uint Assign(DeviceTreeNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        uint phandle = Reserve();
        node.SetCells("phandle", phandle);
        return phandle;
    }
}
