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

    /// <summary>In a confidential virtual machine whose memory is confidential from the start.</summary>
    Static,
}

/// <summary>What is to be said of placements.</summary>
internal static class GuestPlacements
{
    private const string StaticReason = "TVMs in static confidential memory are made by promote_to_tvm, which the hypervisor, guest/vmm, does not use yet";

    /// <summary>All of them, what the others are compared with first.</summary>
    public static IReadOnlyList<GuestPlacement> All { get; } = Enum.GetValues<GuestPlacement>();

    /// <summary>The name in tables and JSON.</summary>
    public static string NameOf(GuestPlacement placement) => placement.ToString().ToLowerInvariant();

    /// <summary>Why nothing can be measured there; null where it can.</summary>
    public static string? WhyAbsent(GuestPlacement placement) => placement == GuestPlacement.Static ? StaticReason : null;
}
