using CoveJit.Machines.Options;

namespace CoveJit.Cli.Comparison;

/// <summary>Where the guest of <c>covejit compare vm</c> runs.</summary>
internal enum GuestPlacement
{
    /// <summary>On the machine itself, under the managed firmware.</summary>
    Bare,

    /// <summary>In a virtual machine of <c>guest/vmm</c>.</summary>
    Plain,

    /// <summary>In a confidential virtual machine of the same hypervisor: CoVE's supervisor domain deployment, with a memory protection table.</summary>
    Confidential,

    /// <summary>In one that the hypervisor has had promoted, in memory that is confidential from the start: CoVE's deployment model 3.</summary>
    Static,
}

/// <summary>What is to be said of placements.</summary>
internal static class GuestPlacements
{
    /// <summary>All of them, what the others are compared with first.</summary>
    public static IReadOnlyList<GuestPlacement> All { get; } = Enum.GetValues<GuestPlacement>();

    /// <summary>The name in tables and JSON.</summary>
    public static string NameOf(GuestPlacement placement) => placement.ToString().ToLowerInvariant();

    /// <summary>The kind of virtual machine; of placements in one.</summary>
    public static VirtualMachineKind MachineKindOf(GuestPlacement placement) => placement == GuestPlacement.Plain ? VirtualMachineKind.Plain : VirtualMachineKind.Confidential;

    /// <summary>Whether the guest's kernel copies what goes to devices and comes from them.</summary>
    public static bool Bounces(GuestPlacement placement) => placement is GuestPlacement.Confidential or GuestPlacement.Static;
}
