namespace CoveJit.Devices.DeviceTree;

/// <summary>
/// A device tree with what surrounds it in a blob, and its two forms: nodes and the flattened bytes (DTB) a guest receives
/// (Devicetree Specification 0.4, chapter 5, version 17). Whatever <see cref="ToBytes"/> writes, <see cref="Parse"/> reads back equal.
/// </summary>
/// <param name="root">The root node, whose name is empty.</param>
public sealed class FlattenedDeviceTree(DeviceTreeNode root)
{
    /// <summary>Deepest nesting written and read, the root being 1; the bound Linux has, and far above any real tree.</summary>
    public const int MaximumDepth = 64;

    /// <summary>The root node.</summary>
    public DeviceTreeNode Root { get; } = root;

    /// <summary>The memory reservation block, in order.</summary>
    public IList<MemoryReservation> MemoryReservations { get; } = new List<MemoryReservation>();

    /// <summary><c>boot_cpuid_phys</c>: the hart that boots.</summary>
    public uint BootCpuId { get; set; }

    /// <summary>Flattens the tree.</summary>
    /// <exception cref="InvalidOperationException">The tree cannot be expressed: a bad or repeated name, nesting beyond
    /// <see cref="MaximumDepth"/>, or a reservation of nothing at address 0, which would end the list.</exception>
    public byte[] ToBytes() => FdtWriter.Write(this);

    /// <summary>Reads a blob strictly: every rule of the format is checked, and bytes behind <c>totalsize</c> are ignored.</summary>
    /// <param name="blob">The bytes; may come from anywhere.</param>
    /// <exception cref="DeviceTreeFormatException">The blob is malformed. No other exception is thrown, whatever the bytes.</exception>
    public static FlattenedDeviceTree Parse(ReadOnlySpan<byte> blob) => new FdtReader(blob).Read();
}
