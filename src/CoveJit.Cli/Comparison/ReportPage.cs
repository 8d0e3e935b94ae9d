using System.Globalization;
using System.Net;
using System.Text;

namespace CoveJit.Cli.Comparison;

/// <summary>A report in the making: one HTML file, no scripts, charts as SVG within, nothing from elsewhere.</summary>
internal sealed class ReportPage
{
    private const string Style = """
        body { font: 15px/1.45 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
        table { border-collapse: collapse; font-size: 13px; } td, th { padding: .2rem .5rem; border-bottom: 1px solid #ddd; text-align: right; vertical-align: top; }
        th { border-bottom: 2px solid #888; } td:first-child, td:nth-child(2), td:last-child, th:first-child, th:nth-child(2), th:last-child { text-align: left; }
        pre { font-size: 12px; overflow-x: auto; background: #f4f4f4; padding: .6rem; } .wide { overflow-x: auto; }
        svg { font: 12px system-ui, sans-serif; max-width: 100%; height: auto; } .bare { fill: #8a8a8a; } .plain { fill: #2f6db3; } .confidential { fill: #c0572b; }
        .plain-virtio { fill: #2f6db3; } .plain-passthrough { fill: #7fb2e5; } .confidential-virtio { fill: #c0572b; } .confidential-encrypted { fill: #7a2f10; } .tee-io-counted { fill: #3a8f4d; } .tee-io-functional { fill: #1f5f30; }
        """;

    private readonly StringBuilder _page = new();

    /// <summary>Begins a page.</summary>
    /// <param name="title">The page's title.</param>
    /// <param name="heading">What it is about.</param>
    /// <param name="run">The comparison.</param>
    /// <param name="more">What else is to be said of it, with a leading separator; or nothing.</param>
    public ReportPage(string title, string heading, ComparisonRun run, string more)
    {
        Append($"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>CoveJit: {Text(title)}</title>\n<style>\n{Style}</style>\n</head>\n<body>\n<h1>{Text(heading)}</h1>\n");
        Append($"<p>CoveJit {Text(run.Covejit)} on {Text(run.Host)}, {run.HostProcessors} processors, {run.StartedUtc:yyyy-MM-dd HH:mm} UTC. Guest {Text(run.Guest)} with {run.MemoryBytes >> 20} MiB and one hart{Text(more)}; {run.Repeat} runs in each placement, in turn; {run.SecondsEach} s each by the guest's clock, which is {(run.InstructionClock ? "derived from instructions" : "the host's")}.</p>\n");
    }

    /// <summary>A text in HTML.</summary>
    public static string Text(string text) => WebUtility.HtmlEncode(text);

    /// <summary>Adds HTML; numbers are written the same everywhere.</summary>
    public void Append(FormattableString html) => _page.Append(html.ToString(CultureInfo.InvariantCulture));

    /// <summary>Adds a chart in multiples of what one placement has in each group. Groups where that is unknown, or nothing, are left out.</summary>
    /// <param name="title">Title of the chart.</param>
    /// <param name="bars">The bars, groups together.</param>
    /// <param name="reference">The placement that is 1.</param>
    public void Chart(string title, IReadOnlyList<Bar> bars, string reference) => BarChart.Append(this, title, bars, reference);

    /// <summary>Adds what was measured.</summary>
    /// <param name="explanations">What is to be said of it.</param>
    /// <param name="columns">The columns' names.</param>
    /// <param name="rows">Each row's cells.</param>
    public void Figures(IEnumerable<string> explanations, IEnumerable<string> columns, IEnumerable<IEnumerable<string>> rows)
    {
        Append($"<h2>Figures</h2>\n{string.Concat(explanations.Select(line => $"<p>{Text(line)}</p>\n"))}<div class=\"wide\"><table>\n");
        Row("th", columns);
        foreach (IEnumerable<string> row in rows)
        {
            Row("td", row);
        }

        Append($"</table></div>\n");
    }

    /// <summary>Adds all counts.</summary>
    /// <param name="rows">What was done, with its name, where, and what was counted.</param>
    public void Counts(IEnumerable<(string Name, string Placement, IReadOnlyDictionary<string, VmQuantity> Values)> rows)
    {
        Append($"<h2>Everything counted</h2>\n");
        foreach ((string name, (string Name, string Placement, IReadOnlyDictionary<string, VmQuantity> Values)[] own) in rows.GroupBy(row => row.Name).Select(group => (group.Key, group.ToArray())))
        {
            Append($"<details><summary>{Text(name)}</summary>\n<table>\n");
            Row("th", ["quantity", .. own.Select(row => row.Placement)]);
            foreach (string quantity in own.SelectMany(row => row.Values.Keys).Distinct())
            {
                Row("td", [quantity, .. own.Select(row => row.Values.TryGetValue(quantity, out VmQuantity? value) ? value.Median.ToString("G6", CultureInfo.InvariantCulture) : "-")]);
            }

            Append($"</table></details>\n");
        }
    }

    /// <summary>Adds what the hypervisor printed.</summary>
    public void Hypervisor(IEnumerable<ComparedPlacement> placements)
    {
        Append($"<h2>The hypervisor's own statistics</h2>\n<p>Of whole runs, boot and shutdown included.</p>\n");
        foreach (ComparedPlacement placement in placements)
        {
            if (placement.Hypervisor.FirstOrDefault(run => run.Count > 0) is { } run)
            {
                Append($"<h3>{Text(placement.Name)}, run 1</h3>\n<pre>{string.Join('\n', run.Select(line => Text(line.GetRawText())))}</pre>\n");
            }
        }
    }

    /// <summary>Ends the page.</summary>
    /// <returns>The whole file.</returns>
    public string End()
    {
        Append($"</body>\n</html>\n");
        return _page.ToString();
    }

    private void Row(string cell, IEnumerable<string> texts) => Append($"<tr>{string.Concat(texts.Select(text => $"<{cell}>{Text(text)}</{cell}>"))}</tr>\n");
}
