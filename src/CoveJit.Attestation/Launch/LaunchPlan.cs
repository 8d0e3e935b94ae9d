using System.Globalization;

namespace CoveJit.Attestation.Launch;

/// <summary>
/// Everything about a TVM that its measurements depend on, in the order in which the host adds it. Made by whoever launches a TVM,
/// or read from a file (<see cref="LaunchPlanFile"/>).
/// </summary>
/// <param name="EntryPc">Where the boot vCPU starts.</param>
/// <param name="EntryArgument">What it finds in a1: by convention the guest physical address of the device tree.</param>
/// <param name="VcpuIds">The vCPUs.</param>
/// <param name="Regions">Measured memory, in the order in which it is added: the order is part of the measurement.</param>
/// <param name="BootState">Of a TVM that is promoted, what its boot vCPU has in its registers: x1 to x31, then vsstatus, vsie, vstvec, vsscratch, vsepc,
/// vscause, vstval and vsatp; null for one that starts from reset.</param>
public sealed record LaunchPlan(
    ulong EntryPc, ulong EntryArgument, IReadOnlyList<ulong> VcpuIds, IReadOnlyList<LaunchRegion> Regions, IReadOnlyList<ulong>? BootState = null)
{
    /// <summary>Most bytes of measured memory.</summary>
    public const ulong MaxMeasured = 64UL << 30;

    /// <summary>Registers in <see cref="BootState"/>.</summary>
    public const int BootStateSize = 39;

    /// <summary>Checks what a TSM would refuse.</summary>
    /// <exception cref="AttestationException">No TVM could be launched like this.</exception>
    public LaunchPlan Validated()
    {
        Require(VcpuIds.Count > 0 && VcpuIds.Distinct().Count() == VcpuIds.Count, "there are no vCPUs, or one twice");
        Require(BootState is null || BootState.Count == BootStateSize, $"the boot state has not {BootStateSize} registers");
        ulong measured = 0;
        foreach (LaunchRegion region in Regions)
        {
            ulong page = LaunchRegion.PageSize(region.PageType);
            string name = string.Create(CultureInfo.InvariantCulture, $"the region at 0x{region.Gpa:x}");
            Require(region.Gpa % page == 0 && region.Size % page == 0 && region.Size > 0, $"{name} is empty or not made of whole pages of its type");
            Require((ulong)region.Content.Length <= region.Size, $"{name} is smaller than its content");
            Require(region.Size <= MaxMeasured - measured && region.Gpa <= ulong.MaxValue - region.Size, $"{name} is too large");
            measured += region.Size;
        }

        LaunchRegion[] sorted = [.. Regions.OrderBy(region => region.Gpa)];
        for (int i = 1; i < sorted.Length; i++)
        {
            Require(sorted[i - 1].Gpa + sorted[i - 1].Size <= sorted[i].Gpa, string.Create(CultureInfo.InvariantCulture, $"the region at 0x{sorted[i].Gpa:x} overlaps another"));
        }

        return this;
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new AttestationException($"launch plan: {problem}", "docs/attestation.md has the format");
        }
    }
}
