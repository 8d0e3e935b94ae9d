using CoveJit.Machines.Options;

namespace CoveJit.Cli.Parsing;

/// <summary>One <c>--vm</c> option. What it leaves out is that of the guest which the command line names otherwise.</summary>
/// <param name="Kind">How it is kept apart from its hypervisor.</param>
internal sealed record VirtualMachineRequest(VirtualMachineKind Kind)
{
    public ulong? MemorySize { get; init; }

    public int? Harts { get; init; }

    public string? Kernel { get; init; }

    public string? Initrd { get; init; }

    public string? Append { get; init; }

    /// <summary>What a confidential one begins with, if not with the shim beside the hypervisor.</summary>
    public string? Shim { get; init; }

    /// <summary>What the hypervisor is to change of a confidential one's files, as an attacker would.</summary>
    public string? Tamper { get; init; }

    public IReadOnlyList<string> RamDisks { get; init; } = [];

    /// <summary>Image files of drives that the machine has for this virtual machine.</summary>
    public IReadOnlyList<string> Drives { get; init; } = [];

    /// <summary>Names of the machine's PCIe functions that it drives itself (<see cref="PcieFunctionName"/>), with <c>:optional</c> those that it may do without.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>What its balloon is to hold, and from when; empty: it has none.</summary>
    public IReadOnlyList<BalloonStep> Balloon { get; init; } = [];

    /// <summary>Whether the host takes pages that it reports free.</summary>
    public bool ReportsFreePages { get; init; }
}
