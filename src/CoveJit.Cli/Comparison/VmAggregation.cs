using System.Globalization;

namespace CoveJit.Cli.Comparison;

/// <summary>Makes of the runs of each placement what one iteration takes there, and how that compares.</summary>
internal static class VmAggregation
{
    private const double NanosecondsPerSecond = 1e9;
    private const double BytesPerMegabyte = 1 << 20;

    /// <summary>Puts runs together.</summary>
    /// <param name="workloads">What the guests did.</param>
    /// <param name="runs">The runs of each placement that has any.</param>
    public static IReadOnlyList<VmMeasurement> Combine(IReadOnlyList<GuestWorkload> workloads, IReadOnlyDictionary<GuestPlacement, IReadOnlyList<GuestWindows>> runs)
    {
        List<VmMeasurement> result = [];
        foreach ((GuestWorkload workload, GuestPhase phase) in workloads.SelectMany(workload => workload.Phases, (workload, phase) => (workload, phase)))
        {
            VmMeasurement? bare = null;
            VmMeasurement? plain = null;
            foreach ((GuestPlacement placement, IReadOnlyList<GuestWindows> own) in runs.OrderBy(run => run.Key))
            {
                VmMeasurement measured = Measure(workload, phase, placement, own);
                measured = measured with { ToBare = Compare(measured, bare), ToPlain = Compare(measured, plain), Origin = Origin(measured, bare) };
                bare = placement == GuestPlacement.Bare ? measured : bare;
                plain = placement == GuestPlacement.Plain ? measured : plain;
                result.Add(measured);
            }
        }

        return result;
    }

    private static VmMeasurement Measure(GuestWorkload workload, GuestPhase phase, GuestPlacement placement, IReadOnlyList<GuestWindows> runs)
    {
        GuestWindow[] windows = [.. runs.SelectMany(run => run.Windows).Where(window => window.Phase == phase.Name)];
        string? absent = runs.Any(run => run.Absent.Contains(phase.Name)) ? $"the guest has no program {phase.Name}" : windows.Length == 0 ? "the guest reported nothing" : null;
        Dictionary<string, VmQuantity> each = [];
        if (absent is null)
        {
            each[VmResult.HostNanoseconds] = Quantity(work => work.HostSeconds * NanosecondsPerSecond);
            each[VmResult.GuestNanoseconds] = Quantity(work => work.GuestSeconds * NanosecondsPerSecond);
            foreach (string name in windows[0].Work.Counts.Keys)
            {
                each[name] = Quantity(work => work.Counts[name]);
            }

            if (phase.IsTransfer)
            {
                each[VmResult.BounceBytes] = VmQuantity.Of([.. windows.Select(_ => GuestPlacements.Bounces(placement) ? BytesPerMegabyte : 0)]);
            }
        }

        return new VmMeasurement(
            workload.Name, phase.Name, phase.Unit, GuestPlacements.NameOf(placement), absent, [.. windows.Select(window => window.Iterations)], each, null, null, string.Empty);

        VmQuantity Quantity(Func<MachineSample, double> value) => VmQuantity.Of([.. windows.Select(window => value(window.Work) / window.Iterations)]);
    }

    private static VmRatio? Compare(VmMeasurement measured, VmMeasurement? other) => other is null || measured.Absent is not null || other.Absent is not null
        ? null
        : new VmRatio(Ratio(measured, other, VmResult.HostNanoseconds), Ratio(measured, other, VmResult.GuestNanoseconds), Ratio(measured, other, MachineSample.Instructions));

    private static double? Ratio(VmMeasurement measured, VmMeasurement other, string quantity) =>
        measured.Median(quantity) is { } value && other.Median(quantity) is { } reference and > 0 ? value / reference : null;

    // Facts that counts show, in the order in which they usually matter; no time is attributed to them but the TSM's, which is measured.
    private static string Origin(VmMeasurement measured, VmMeasurement? bare)
    {
        if (bare is null || measured.Absent is not null || bare.Absent is not null)
        {
            return string.Empty;
        }

        List<string> parts = [];
        if (Ratio(measured, bare, MachineSample.Instructions) is { } instructions)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{(instructions - 1) * 100:+0.0;-0.0;+0.0} % instructions"));
        }

        if (measured.Median(MachineSample.Exits) is { } exits)
        {
            (string Name, double Count) most = measured.Each.Where(count => count.Key.StartsWith(MachineSample.ExitPrefix, StringComparison.Ordinal))
                .Select(count => (count.Key[MachineSample.ExitPrefix.Length..], count.Value.Median)).MaxBy(count => count.Median);
            parts.Add($"{VmFormat.Count(exits)} exits" + (most.Count > 0 ? $", most {most.Name}" : string.Empty));
        }

        if (Ratio(measured, bare, MachineSample.PageTableReads) is { } reads)
        {
            parts.Add($"page-table reads × {VmFormat.Ratio(reads)}");
        }

        if (measured.Median(MachineSample.ProtectionTableReads) is { } protection and > 0)
        {
            parts.Add($"{VmFormat.Count(protection)} MPT reads");
        }

        if (measured.Median(MachineSample.TsmSeconds) is { } tsm && measured.Median(VmResult.HostNanoseconds) is { } host and > 0)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"TSM {tsm * NanosecondsPerSecond / host * 100:0.0} % of host time"));
        }

        return string.Join("; ", parts);
    }
}
