namespace CoveJit.Cli.Comparison;

/// <summary>The comparison as one HTML file.</summary>
internal static class VmReport
{
    private static readonly string[] Columns =
        ["phase", "placement", "host time", "spread", "guest time", "instructions", "exits", "page faults", "page-table reads", "MPT reads", "TSM host time", "to bare (time, instructions)", "to plain", "where it comes from"];

    /// <summary>The whole file.</summary>
    public static string Html(VmResult result)
    {
        ReportPage page = new("bare machine, VM, confidential VM", "The same guest on the bare machine, in a VM and in a confidential VM", result.Run, string.Empty);
        Chart(page, result, "Host time, in multiples of the bare machine's (line: least to most)", VmResult.HostNanoseconds);
        if (result.Run.InstructionClock)
        {
            Chart(page, result, "Guest time, derived from instructions, in multiples of the bare machine's", VmResult.GuestNanoseconds);
        }

        Chart(page, result, "Guest instructions of all levels, in multiples of the bare machine's", MachineSample.Instructions);
        Chart(page, result, "Page-table entries read, in multiples of the bare machine's", MachineSample.PageTableReads);
        page.Figures([VmTable.Explanation(result)], Columns, result.Measurements.Select(VmTable.Cells));
        page.Counts(result.Measurements.Where(row => row.Absent is null).Select(row => ($"{row.Phase}: for each {row.Unit}", row.Placement, row.Each)));
        page.Hypervisor(result.Placements);
        return page.End();
    }

    private static void Chart(ReportPage page, VmResult result, string title, string quantity) =>
        page.Chart(
            title,
            [.. result.Measurements.Where(row => row.Each.ContainsKey(quantity)).Select(row => new Bar(row.Phase, row.Placement, row.Each[quantity]))],
            GuestPlacements.NameOf(GuestPlacement.Bare));
}
