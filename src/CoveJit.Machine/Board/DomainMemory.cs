using CoveJit.Devices.DeviceTree;
using CoveJit.Machines.Loading;

namespace CoveJit.Machines.Board;

/// <summary>What firmware and TSM keep of the RAM: the last of it, one range right below the other, hidden from the kernel.</summary>
/// <param name="Tables">Memory protection tables.</param>
/// <param name="Confidential">The static confidential memory of a TSM; null if there is none.</param>
/// <param name="Iommu">What a TSM's IOMMU has its directory and queue in; null if there is none.</param>
internal sealed record DomainMemory(AddressRange Tables, AddressRange? Confidential, AddressRange? Iommu)
{
    // Tables of which every entry is split take 1/8192 of the memory they guard; there is one for each domain.
    private const int Share = 512;
    private const ulong Least = 256UL << 10;
    private const ulong LeastRam = 8UL << 20;

    // One page of the larger sizes where RAM is large, so that the rest of it can have leaves of that size.
    private const ulong LargeGranule = 2UL << 20;
    private const ulong SmallGranule = 64UL << 10;
    private const ulong LargeRam = 256UL << 20;

    /// <summary>Where it starts: the host's RAM ends.</summary>
    public ulong Start => (Iommu ?? Confidential ?? Tables).Start;

    /// <summary>What PMP keeps the host from beside the tables, if PMP guards memory: where there is static confidential memory.</summary>
    public IReadOnlyList<(ulong Start, ulong Size)> GuardedByPmp => Confidential is null ? [] : [.. new[] { Confidential, Iommu }.OfType<AddressRange>().Select(range => (range.Start, range.Size))];

    /// <summary>Divides RAM.</summary>
    /// <param name="ram">All of it.</param>
    /// <param name="isStatic">Whether a quarter of it is static confidential memory.</param>
    /// <param name="hasIommu">Whether a TSM has an IOMMU.</param>
    /// <exception cref="LoadException">RAM is too small to be divided.</exception>
    public static DomainMemory Of(AddressRange ram, bool isStatic, bool hasIommu)
    {
        if (ram.Size < LeastRam)
        {
            throw new LoadException("--mpt needs more memory", $"give the guest at least {ByteSize.Format(LeastRam)} with --memory");
        }

        ulong end = ram.Start + ram.Size;
        ulong granule = ram.Size < LargeRam ? SmallGranule : LargeGranule;
        ulong start = (end - Math.Max(ram.Size / Share, Least)) & ~(granule - 1);
        AddressRange tables = new(start, end - start);
        AddressRange? Below(bool exists, ulong size) => exists ? new AddressRange(start -= size, size) : null;
        return new DomainMemory(tables, Below(isStatic, (ram.Size / 4) & ~(SmallGranule - 1)), Below(hasIommu, Least));
    }

    /// <summary>Adds the nodes that tell the kernel not to touch it, nor to map it.</summary>
    public void Describe(DeviceTreeNode root)
    {
        DeviceTreeNode node = root.AddChild("reserved-memory").SetCells("#address-cells", 2).SetCells("#size-cells", 2).Set("ranges");
        foreach ((string name, AddressRange? part) in new[] { ("mpt", Tables), ("tsm", Confidential), ("tsm-iommu", Iommu) })
        {
            if (part is AddressRange range)
            {
                node.AddChild($"{name}@{range.Start:x}").SetPairs("reg", range.Start, range.Size).Set("no-map");
            }
        }
    }
}
