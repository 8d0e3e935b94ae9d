using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace CoveJit.Cli.Comparison;

/// <summary>The comparison as one HTML file: no scripts, charts as SVG within, nothing from elsewhere.</summary>
internal static class VmReport
{
    private const int LabelWidth = 190;
    private const int PlotWidth = 620;
    private const int ValueWidth = 90;
    private const int BarHeight = 16;
    private const int GroupGap = 12;

    private const string Style = """
        body { font: 15px/1.45 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
        table { border-collapse: collapse; font-size: 13px; } td, th { padding: .2rem .5rem; border-bottom: 1px solid #ddd; text-align: right; vertical-align: top; }
        th { border-bottom: 2px solid #888; } td:first-child, td:nth-child(2), td:last-child, th:first-child, th:nth-child(2), th:last-child { text-align: left; }
        pre { font-size: 12px; overflow-x: auto; background: #f4f4f4; padding: .6rem; } .wide { overflow-x: auto; }
        svg { font: 12px system-ui, sans-serif; max-width: 100%; height: auto; } .bare { fill: #8a8a8a; } .plain { fill: #2f6db3; } .confidential { fill: #c0572b; }
        """;

    private static readonly string[] Columns =
        ["phase", "placement", "host time", "spread", "guest time", "instructions", "exits", "page faults", "page-table reads", "MPT reads", "TSM host time", "to bare (time, instructions)", "to plain", "where it comes from"];

    /// <summary>The whole file.</summary>
    public static string Html(VmResult result)
    {
        StringBuilder page = new();
        Append(page, $"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>CoveJit: bare machine, VM, confidential VM</title>\n<style>\n{Style}</style>\n</head>\n<body>\n");
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

    // Bars relative to the bare machine, in groups of a phase.
    private static void Chart(StringBuilder page, VmResult result, string title, string quantity)
    {
        List<(VmMeasurement Row, VmQuantity Value, double Bare)> bars = [];
        foreach (IGrouping<string, VmMeasurement> group in result.Measurements.GroupBy(row => row.Phase))
        {
            if (group.FirstOrDefault(row => row.Placement == GuestPlacements.NameOf(GuestPlacement.Bare))?.Median(quantity) is { } bare and > 0)
            {
                bars.AddRange(group.Where(row => row.Each.ContainsKey(quantity)).Select(row => (row, row.Each[quantity], bare)));
            }
        }

        if (bars.Count == 0)
        {
            return;
        }

        double most = bars.Max(bar => bar.Value.Most / bar.Bare);
        int height = (bars.Count * BarHeight) + (bars.Select(bar => bar.Row.Phase).Distinct().Count() * GroupGap) + GroupGap;
        int width = LabelWidth + PlotWidth + ValueWidth;
        Append(page, $"<h2>{Text(title)}</h2>\n<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{Text(title)}\">\n");
        double one = LabelWidth + (PlotWidth / most);
        Append(page, $"<line x1=\"{one:0.0}\" y1=\"0\" x2=\"{one:0.0}\" y2=\"{height}\" stroke=\"#bbb\" stroke-dasharray=\"3 3\"/>\n");
        int y = 0;
        string? phase = null;
        foreach ((VmMeasurement row, VmQuantity value, double bare) in bars)
        {
            y += row.Phase == phase ? 0 : GroupGap;
            phase = row.Phase;
            double length = value.Median / bare / most * PlotWidth;
            double least = LabelWidth + (value.Least / bare / most * PlotWidth);
            double greatest = LabelWidth + (value.Most / bare / most * PlotWidth);
            double middle = y + (BarHeight / 2.0);
            Append(page, $"<text x=\"{LabelWidth - 6}\" y=\"{middle + 4:0.0}\" text-anchor=\"end\">{Text($"{row.Phase}, {row.Placement}")}</text>");
            Append(page, $"<rect class=\"{Text(row.Placement)}\" x=\"{LabelWidth}\" y=\"{y + 1}\" width=\"{length:0.0}\" height=\"{BarHeight - 2}\"/>");
            Append(page, $"<line x1=\"{least:0.0}\" y1=\"{middle:0.0}\" x2=\"{greatest:0.0}\" y2=\"{middle:0.0}\" stroke=\"#000\"/>");
            Append(page, $"<text x=\"{greatest + 6:0.0}\" y=\"{middle + 4:0.0}\">× {VmFormat.Ratio(value.Median / bare)}</text>\n");
            y += BarHeight;
        }

        page.Append("</svg>\n");
    }

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

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private static void Append(StringBuilder page, FormattableString text) => page.Append(text.ToString(CultureInfo.InvariantCulture));
}
