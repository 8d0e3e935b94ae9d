using static CoveJit.Cli.Comparison.ReportPage;

namespace CoveJit.Cli.Comparison;

/// <summary>A bar of a chart.</summary>
/// <param name="Group">What is compared; bars of a group stand together.</param>
/// <param name="Placement">Where it was measured: also the class of its colour.</param>
/// <param name="Value">What was measured.</param>
internal sealed record Bar(string Group, string Placement, VmQuantity Value);

/// <summary>Horizontal bars as SVG, for reports that load nothing from elsewhere.</summary>
internal static class BarChart
{
    private const int LabelWidth = 250;
    private const int PlotWidth = 620;
    private const int ValueWidth = 90;
    private const int BarHeight = 16;
    private const int GroupGap = 12;

    /// <summary>Adds a chart in multiples of what one placement has in each group. Groups where that is unknown, or nothing, are left out.</summary>
    /// <param name="page">The page.</param>
    /// <param name="title">Title of the chart.</param>
    /// <param name="all">The bars, groups together.</param>
    /// <param name="reference">The placement that is 1.</param>
    public static void Append(ReportPage page, string title, IReadOnlyList<Bar> all, string reference)
    {
        List<(Bar Bar, double One)> bars = [];
        foreach (IGrouping<string, Bar> group in all.GroupBy(bar => bar.Group))
        {
            if (group.FirstOrDefault(bar => bar.Placement == reference)?.Value.Median is { } one and > 0)
            {
                bars.AddRange(group.Select(bar => (bar, one)));
            }
        }

        if (bars.Count == 0)
        {
            return;
        }

        double most = bars.Max(bar => bar.Bar.Value.Most / bar.One);
        int height = (bars.Count * BarHeight) + (bars.Select(bar => bar.Bar.Group).Distinct().Count() * GroupGap) + GroupGap;
        int width = LabelWidth + PlotWidth + ValueWidth;
        page.Append($"<h2>{Text(title)}</h2>\n<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{Text(title)}\">\n");
        double line = LabelWidth + (PlotWidth / most);
        page.Append($"<line x1=\"{line:0.0}\" y1=\"0\" x2=\"{line:0.0}\" y2=\"{height}\" stroke=\"#bbb\" stroke-dasharray=\"3 3\"/>\n");
        int y = 0;
        string? last = null;
        foreach (((string group, string placement, VmQuantity value), double one) in bars)
        {
            y += group == last ? 0 : GroupGap;
            last = group;
            double length = value.Median / one / most * PlotWidth;
            double least = LabelWidth + (value.Least / one / most * PlotWidth);
            double greatest = LabelWidth + (value.Most / one / most * PlotWidth);
            double middle = y + (BarHeight / 2.0);
            page.Append($"<text x=\"{LabelWidth - 6}\" y=\"{middle + 4:0.0}\" text-anchor=\"end\">{Text($"{group}, {placement}")}</text>");
            page.Append($"<rect class=\"{Text(placement)}\" x=\"{LabelWidth}\" y=\"{y + 1}\" width=\"{length:0.0}\" height=\"{BarHeight - 2}\"/>");
            page.Append($"<line x1=\"{least:0.0}\" y1=\"{middle:0.0}\" x2=\"{greatest:0.0}\" y2=\"{middle:0.0}\" stroke=\"#000\"/>");
            page.Append($"<text x=\"{greatest + 6:0.0}\" y=\"{middle + 4:0.0}\">× {VmFormat.Ratio(value.Median / one)}</text>\n");
            y += BarHeight;
        }

        page.Append($"</svg>\n");
    }
}
