using System.Globalization;
using System.Text;
using static CoveJit.Cli.Comparison.BarChart;

namespace CoveJit.Cli.Comparison;

/// <summary>The comparison as one HTML file: no scripts, charts as SVG within, nothing from elsewhere.</summary>
internal static class IoReport
{
    /// <summary>The whole file.</summary>
    public static string Html(IoResult result)
    {
        StringBuilder page = new();
        Append(page, $"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>CoveJit: ways of a guest to its device</title>\n<style>\n{Style}</style>\n</head>\n<body>\n");
        Append(page, $"<h1>The same accesses through VirtIO, passthrough, bounce buffers and encryption</h1>\n");
        Append(page, $"<p>CoveJit {Text(result.Covejit)} on {Text(result.Host)}, {result.HostProcessors} processors, {result.StartedUtc:yyyy-MM-dd HH:mm} UTC. Guest {Text(result.Guest)} with {result.MemoryBytes >> 20} MiB and one hart; device {Text(result.Device)}, of which {result.SpanBytes >> 20} MiB are read and written with {result.Depth} requests under way; {result.Repeat} runs in each placement, in turn; {result.SecondsEach} s each by the guest's clock, which is {(result.InstructionClock ? "derived from instructions" : "the host's")}.</p>\n");
        Chart(page, result, "MiB/s", IoResult.Rate);
        Chart(page, result, "Median latency", IoResult.LatencyPrefix + "p50");
        Chart(page, result, "Guest instructions of all levels, for a MiB", MachineSample.Instructions);
        Chart(page, result, "Exits to the hypervisor, for a MiB", MachineSample.Exits);
        Chart(page, result, "Host processor time, for a MiB", MachineSample.HostCpuSeconds);
        Append(page, $"<h2>Figures</h2>\n<p>{Text(IoTable.Explanation(result))}</p>{string.Concat(IoVerdict.Of(result).Select(line => $"<p>{Text(line)}</p>"))}\n<div class=\"wide\"><table>\n<tr>{string.Concat(IoTable.Columns.Select(column => $"<th>{Text(column)}</th>"))}</tr>\n");
        foreach (IoMeasurement row in result.Measurements)
        {
            Append(page, $"<tr>{string.Concat(IoTable.Cells(row, result).Select(cell => $"<td>{Text(cell)}</td>"))}</tr>\n");
        }

        page.Append("</table></div>\n<h2>Everything counted</h2>\n");
        foreach (IGrouping<string, IoMeasurement> group in result.Measurements.Where(row => row.Absent is null).GroupBy(Name))
        {
            IoMeasurement[] rows = [.. group];
            Append(page, $"<details><summary>{Text(group.Key)}</summary>\n<table>\n<tr><th>quantity</th>{string.Concat(rows.Select(row => $"<th>{Text(row.Placement)}</th>"))}</tr>\n");
            foreach (string quantity in rows.SelectMany(row => row.Values.Keys).Distinct())
            {
                Append(page, $"<tr><td>{Text(quantity)}</td>{string.Concat(rows.Select(row => $"<td>{row.Median(quantity)?.ToString("G6", CultureInfo.InvariantCulture) ?? "-"}</td>"))}</tr>\n");
            }

            page.Append("</table></details>\n");
        }

        page.Append("</body>\n</html>\n");
        return page.ToString();
    }

    private static string Name(IoMeasurement row) => $"{row.Pattern} {IoTable.Size(row.BlockBytes)}";

    private static void Chart(StringBuilder page, IoResult result, string title, string quantity) =>
        BarChart.Append(
            page,
            $"{title}, in multiples of {IoPlacements.FirstOf(result.Device)}'s (line: least to most)",
            [.. result.Measurements.Where(row => row.Values.ContainsKey(quantity)).Select(row => new Bar(Name(row), row.Placement, row.Values[quantity]))],
            IoPlacements.FirstOf(result.Device));
}
