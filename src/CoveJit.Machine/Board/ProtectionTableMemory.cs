using CoveJit.Devices.DeviceTree;
using CoveJit.Machines.Loading;

namespace CoveJit.Machines.Board;

/// <summary>The RAM that memory protection tables lie in: the last of it, hidden from the kernel.</summary>
internal static class ProtectionTableMemory
{
    // Tables of which every entry is split take 1/8192 of the memory they guard; there is one for each domain.
    private const int Share = 512;
    private const ulong Least = 256UL << 10;
    private const ulong LeastRam = 8UL << 20;

    // One page of the larger sizes where RAM is large, so that the rest of it can have leaves of that size.
    private const ulong LargeGranule = 2UL << 20;
    private const ulong SmallGranule = 64UL << 10;
    private const ulong LargeRam = 256UL << 20;

    /// <summary>The range.</summary>
    /// <exception cref="LoadException">RAM is too small to be divided.</exception>
    public static AddressRange Of(ulong ramBase, ulong ramSize)
    {
        if (ramSize < LeastRam)
        {
            throw new LoadException("--mpt needs more memory", $"give the guest at least {ByteSize.Format(LeastRam)} with --memory");
        }

        ulong granule = ramSize < LargeRam ? SmallGranule : LargeGranule;
        ulong start = (ramBase + ramSize - Math.Max(ramSize / Share, Least)) & ~(granule - 1);
        return new AddressRange(start, ramBase + ramSize - start);
    }

    /// <summary>The static confidential memory of a TSM: a quarter of RAM, right below the tables.</summary>
    public static AddressRange StaticConfidential(AddressRange tables, ulong ramSize)
    {
        ulong size = (ramSize / 4) & ~(SmallGranule - 1);
        return new AddressRange(tables.Start - size, size);
    }

    /// <summary>The memory of a TSM's IOMMU, right below other memory that the kernel does not get.</summary>
    public static AddressRange BelowForIommu(ulong end) => new(end - Least, Least);

    /// <summary>Adds the nodes that tell the kernel not to touch ranges, nor to map them.</summary>
    public static void Describe(DeviceTreeNode root, params ReadOnlySpan<(string Name, AddressRange Range)> reserved)
    {
        DeviceTreeNode node = root.AddChild("reserved-memory").SetCells("#address-cells", 2).SetCells("#size-cells", 2).Set("ranges");
        foreach ((string name, AddressRange range) in reserved)
        {
            node.AddChild($"{name}@{range.Start:x}").SetPairs("reg", range.Start, range.Size).Set("no-map");
        }
    }
}
