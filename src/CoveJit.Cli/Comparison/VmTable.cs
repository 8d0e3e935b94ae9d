using System.Globalization;
using CoveJit.Cli.Terminal;
using Spectre.Console;

namespace CoveJit.Cli.Comparison;

/// <summary>The comparison as a table for the terminal.</summary>
internal static class VmTable
{
    private const int WidthWithoutTerminal = 180;

    /// <summary>Writes the table.</summary>
    public static void Write(VmResult result, TextWriter output)
    {
        Table table = new Table().Border(TableBorder.Simple);
        table.AddColumn("workload");
        table.AddColumn("placement");
        foreach (string column in (string[])["host time", "spread", "guest time", "instr", "exits", "faults", "PT reads", "MPT reads", "TSM time", "to bare", "to plain"])
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        table.AddColumn("where it comes from");
        foreach (VmMeasurement row in result.Measurements)
        {
            table.AddRow([.. Cells(row).Select(Markup.Escape)]);
        }

        PlainTable.Write(table, output, WidthWithoutTerminal);
        output.WriteLine(Explanation(result));
    }

    /// <summary>What the columns are.</summary>
    public static string Explanation(VmResult result) =>
        "Everything is of one iteration, in the median of the runs; spread is from the least to the most. Host time is wall time of this emulator, guest time the machine's clock"
        + (result.Run.InstructionClock ? ", derived from instructions" : ", which is the host's")
        + ". Instr: guest instructions of all levels. To bare, to plain: host time, and instructions, in multiples.";

    /// <summary>A row's cells, in the order of the table's columns.</summary>
    public static IEnumerable<string> Cells(VmMeasurement row)
    {
        if (row.Absent is { } reason)
        {
            return [row.Phase, row.Placement, .. Enumerable.Repeat("-", 11), reason];
        }

        VmQuantity host = row.Each[VmResult.HostNanoseconds];
        double spread = host.Median > 0 ? (host.Most - host.Least) / host.Median : 0;
        return
        [
            row.Phase,
            row.Placement,
            VmFormat.Time(host.Median),
            spread.ToString("0.0 %", CultureInfo.InvariantCulture),
            Of(VmResult.GuestNanoseconds, VmFormat.Time),
            Of(MachineSample.Instructions, VmFormat.Count),
            Of(MachineSample.Exits, VmFormat.Count),
            Of(MachineSample.PageFaults, VmFormat.Count),
            Of(MachineSample.PageTableReads, VmFormat.Count),
            Of(MachineSample.ProtectionTableReads, VmFormat.Count),
            Of(MachineSample.TsmSeconds, seconds => VmFormat.Time(seconds * 1e9)),
            Multiple(row.ToBare),
            Multiple(row.ToPlain),
            row.Origin,
        ];

        string Of(string quantity, Func<double, string> format) => row.Median(quantity) is { } value ? format(value) : "-";
    }

    private static string Multiple(VmRatio? ratio) =>
        ratio is null ? "-" : $"{Format(ratio.HostTime)}, {Format(ratio.Instructions)}";

    private static string Format(double? ratio) => ratio is { } value ? VmFormat.Ratio(value) : "-";
}
