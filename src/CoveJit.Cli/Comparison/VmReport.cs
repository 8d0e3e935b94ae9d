using System.Globalization;
using System.Text;
using System.Text.Json;
using static CoveJit.Cli.Comparison.BarChart;

namespace CoveJit.Cli.Comparison;

/// <summary>The comparison as one HTML file: no scripts, charts as SVG within, nothing from elsewhere.</summary>
internal static class VmReport
{
    private static readonly string[] Columns =
        ["phase", "placement", "host time", "spread", "guest time", "instructions", "exits", "page faults", "page-table reads", "MPT reads", "TSM host time", "to bare (time, instructions)", "to plain", "where it comes from"];

    /// <summary>The whole file.</summary>
    public static string Html(VmResult result)
    {
        StringBuilder page = new();
        Append(page, $"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>CoveJit: bare machine, VM, confidential VM</title>\n<style>\n{BarChart.Style}</style>\n</head>\n<body>\n");
        Append(page, $"<h1>The same guest on the bare machine, in a VM and in a confidential VM</h1>\n");
        Append(page, $"<p>CoveJit {Text(result.Covejit)} on {Text(result.Host)}, {result.HostProcessors} processors, {result.StartedUtc:yyyy-MM-dd HH:mm} UTC. Guest {Text(result.Guest)} with {result.MemoryBytes >> 20} MiB and one hart; {result.Repeat} runs in each placement, in turn; programs run {result.SecondsEach} s by the guest's clock, which is {(result.InstructionClock ? "derived from instructions" : "the host's")}.</p>\n");
        Chart(page, result, "Host time, in multiples of the bare machine's (line: least to most)", VmResult.HostNanoseconds);
        if (result.InstructionClock)
        {
            Chart(page, result, "Guest time, derived from instructions, in multiples of the bare machine's", VmResult.GuestNanoseconds);
        }

        Chart(page, result, "Guest instructions of all levels, in multiples of the bare machine's", MachineSample.Instructions);
        Chart(page, result, "Page-table entries read, in multiples of the bare machine's", MachineSample.PageTableReads);
        Append(page, $"<h2>Figures</h2>\n<p>{Text(VmTable.Explanation(result))}</p>\n<div class=\"wide\"><table>\n<tr>");
        foreach (string column in Columns)
        {
            Append(page, $"<th>{Text(column)}</th>");
        }

        page.Append("</tr>\n");
        foreach (VmMeasurement row in result.Measurements)
        {
            page.Append("<tr>");
            foreach (string cell in VmTable.Cells(row))
            {
                Append(page, $"<td>{Text(cell)}</td>");
            }

            page.Append("</tr>\n");
        }

        page.Append("</table></div>\n<h2>Everything counted</h2>\n");
        Counts(page, result);
        page.Append("<h2>The hypervisor's own statistics</h2>\n<p>Of whole runs, boot and shutdown included.</p>\n");
        foreach (VmPlacement placement in result.Placements)
        {
            if (placement.Hypervisor.FirstOrDefault(run => run.Count > 0) is { } run)
            {
                Append(page, $"<h3>{Text(placement.Name)}, run 1</h3>\n<pre>{string.Join('\n', run.Select(line => Text(line.GetRawText())))}</pre>\n");
            }
        }

        page.Append("</body>\n</html>\n");
        return page.ToString();
    }

    private static void Chart(StringBuilder page, VmResult result, string title, string quantity) =>
        BarChart.Append(
            page,
            title,
            [.. result.Measurements.Where(row => row.Each.ContainsKey(quantity)).Select(row => new Bar(row.Phase, row.Placement, row.Each[quantity]))],
            GuestPlacements.NameOf(GuestPlacement.Bare));

    private static void Counts(StringBuilder page, VmResult result)
    {
        foreach (IGrouping<string, VmMeasurement> group in result.Measurements.Where(row => row.Absent is null).GroupBy(row => row.Phase))
        {
            VmMeasurement[] rows = [.. group];
            Append(page, $"<details><summary>{Text(group.Key)}: for each {Text(rows[0].Unit)}</summary>\n<table>\n<tr><th>quantity</th>");
            foreach (VmMeasurement row in rows)
            {
                Append(page, $"<th>{Text(row.Placement)}</th>");
            }

            page.Append("</tr>\n");
            foreach (string quantity in rows.SelectMany(row => row.Each.Keys).Distinct())
            {
                Append(page, $"<tr><td>{Text(quantity)}</td>");
                foreach (VmMeasurement row in rows)
                {
                    Append(page, $"<td>{(row.Median(quantity) is { } value ? value.ToString("G6", CultureInfo.InvariantCulture) : "-")}</td>");
                }

                page.Append("</tr>\n");
            }

            page.Append("</table></details>\n");
        }
    }
}
