namespace CoveJit.Machines.Options;

/// <summary>One <c>--drive</c>.</summary>
/// <param name="Path">Path of the image file.</param>
/// <param name="ReadOnly">Whether the guest may only read.</param>
/// <param name="Format">The image's format.</param>
public sealed record DriveOptions(string Path, bool ReadOnly = false, DriveFormat Format = DriveFormat.Detect)
{
    /// <summary>Whether the block device is a PCIe function rather than a VirtIO-mmio device.</summary>
    public bool Pcie { get; init; }

    /// <summary>Whether the PCIe function is a TEE device interface (of an NVMe controller's namespaces the first says it).</summary>
    public bool Tee { get; init; }

    /// <summary>Which of the machine's virtual machines gets the drive, where it has any.</summary>
    public int VirtualMachine { get; init; }
}
