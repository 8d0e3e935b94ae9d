namespace CoveJit.Machines.Options;

/// <summary>One <c>--drive</c>.</summary>
/// <param name="Path">Path of the image file.</param>
/// <param name="ReadOnly">Whether the guest may only read.</param>
/// <param name="Format">The image's format.</param>
public sealed record DriveOptions(string Path, bool ReadOnly = false, DriveFormat Format = DriveFormat.Detect)
{
    /// <summary>Whether the block device is a PCIe function rather than a VirtIO-mmio device.</summary>
    public bool Pcie { get; init; }

    /// <summary>What is said of the PCIe function (of an NVMe controller's namespaces the first says it).</summary>
    public FunctionOptions Function { get; init; } = FunctionOptions.Plain;

    /// <summary>Every how many reads and writes one fails, as if the medium had; 0 for none.</summary>
    public int ErrorPeriod { get; init; }

    /// <summary>Which of the machine's virtual machines gets the drive, where it has any.</summary>
    public int VirtualMachine { get; init; }
}
