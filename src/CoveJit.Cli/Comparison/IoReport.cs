namespace CoveJit.Cli.Comparison;

/// <summary>The comparison as one HTML file.</summary>
internal static class IoReport
{
    /// <summary>The whole file.</summary>
    public static string Html(IoResult result)
    {
        ReportPage page = new(
            "ways of a guest to its device",
            "The same accesses through VirtIO, passthrough, bounce buffers and encryption",
            result.Run,
            FormattableString.Invariant($"; device {result.Device}, of which {result.SpanBytes >> 20} MiB are read and written with {result.Depth} requests under way"));
        Chart(page, result, "MiB/s", IoResult.Rate);
        Chart(page, result, "Median latency", IoResult.LatencyPrefix + "p50");
        Chart(page, result, "Guest instructions of all levels, for a MiB", MachineSample.Instructions);
        Chart(page, result, "Exits to the hypervisor, for a MiB", MachineSample.Exits);
        Chart(page, result, "Host processor time, for a MiB", MachineSample.HostCpuSeconds);
        page.Figures([IoTable.Explanation(result), .. IoVerdict.Of(result)], IoTable.Columns, result.Measurements.Select(row => IoTable.Cells(row, result)));
        page.Counts(result.Measurements.Where(row => row.Absent is null).Select(row => (Name(row), row.Placement, row.Values)));
        page.Hypervisor(result.Placements);
        return page.End();
    }

    private static string Name(IoMeasurement row) => $"{row.Pattern} {IoTable.Size(row.BlockBytes)}";

    private static void Chart(ReportPage page, IoResult result, string title, string quantity) =>
        page.Chart(
            $"{title}, in multiples of {IoPlacements.FirstOf(result.Device)}'s (line: least to most)",
            [.. result.Measurements.Where(row => row.Values.ContainsKey(quantity)).Select(row => new Bar(Name(row), row.Placement, row.Values[quantity]))],
            IoPlacements.FirstOf(result.Device));
}
