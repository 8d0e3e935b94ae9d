using CoveJit.Devices.Pcie;

namespace CoveJit.Machines.Options;

/// <summary>A virtual machine for the hypervisor that the machine boots: the files are put into RAM, and the device tree tells of everything.</summary>
/// <param name="Kernel">Path of its kernel, a Linux Image.</param>
public sealed record VirtualMachineOptions(string Kernel)
{
    /// <summary>Most virtual machines of a machine: as many as the hypervisor has room for.</summary>
    public const int Most = 16;

    /// <summary>Most virtual harts of each.</summary>
    public const int MostHarts = 8;

    /// <summary>Most files of each: kernel, initrd, shim and disks.</summary>
    public const int MostFiles = 8;

    /// <summary>Most PCIe functions of each.</summary>
    public const int MostFunctions = 4;

    /// <summary>Most sizes that a balloon goes through.</summary>
    public const int MostBalloonSteps = 8;

    /// <summary>How it is kept apart from its hypervisor.</summary>
    public VirtualMachineKind Kind { get; init; }

    /// <summary>Its RAM in bytes.</summary>
    public ulong MemorySize { get; init; } = 256UL << 20;

    /// <summary>Number of its virtual harts.</summary>
    public int Harts { get; init; } = 1;

    /// <summary>Path of its initial RAM disk, or null.</summary>
    public string? Initrd { get; init; }

    /// <summary>Its kernel's command line, or null.</summary>
    public string? Append { get; init; }

    /// <summary>Path of the shim that a confidential one begins with, an ELF file; null for others.</summary>
    public string? Shim { get; init; }

    /// <summary>What the hypervisor is to change of what a confidential one is started with, as an attacker would: <c>kernel</c>, <c>initrd</c>, <c>append</c> or <c>device</c>; or <c>interface</c>, a locked device interface while it runs; or null.</summary>
    public string? Tamper { get; init; }

    /// <summary>The machine's PCIe functions that it drives itself, by the numbers that the hypervisor gives to buses: that of the root port above.</summary>
    public IReadOnlyList<RequesterId> Functions { get; init; } = [];

    /// <summary>Those of <see cref="Functions"/> that it does without if they are not trusted; without the others it does not start.</summary>
    public IReadOnlyList<RequesterId> OptionalFunctions { get; init; } = [];

    /// <summary>What its balloon is to hold, and from when; empty: it has none.</summary>
    public IReadOnlyList<BalloonStep> Balloon { get; init; } = [];

    /// <summary>Whether its balloon takes what it reports free.</summary>
    public bool ReportsFreePages { get; init; }

    /// <summary>Paths of images of disks in memory: what is written to them is lost at the end.</summary>
    public IReadOnlyList<string> RamDisks { get; init; } = [];
}
