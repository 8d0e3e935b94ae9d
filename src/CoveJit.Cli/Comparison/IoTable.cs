using System.Globalization;
using CoveJit.Cli.Terminal;
using Spectre.Console;

namespace CoveJit.Cli.Comparison;

/// <summary>The comparison as a table for the terminal.</summary>
internal static class IoTable
{
    private const int WidthWithoutTerminal = 215;

    /// <summary>The columns: those of text, then those of figures, then the reason where there are none.</summary>
    public static IReadOnlyList<string> Columns { get; } =
    [
        "pattern", "block", "placement", "MiB/s", "requests/s", "p50", "p90", "p99", "max", "host time", "host CPU", "guest time", "instr", "exits", "bounced", "encrypted", "IDE", "to first", string.Empty,
    ];

    // They would not fit on a line.
    private static readonly string[] OnlyInReports = ["p90", "max", "host time", string.Empty];

    /// <summary>Writes the table.</summary>
    public static void Write(IoResult result, TextWriter output)
    {
        string[] shown = [.. Columns.Except(OnlyInReports)];
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string column in shown)
        {
            TableColumn made = new TableColumn(column).NoWrap();
            table.AddColumn(column is "pattern" or "placement" ? made : made.RightAligned());
        }

        foreach (IoMeasurement row in result.Measurements.Where(row => row.Absent is null))
        {
            table.AddRow([.. Columns.Zip(Cells(row, result)).Where(cell => shown.Contains(cell.First)).Select(cell => Markup.Escape(cell.Second))]);
        }

        PlainTable.Write(table, output, WidthWithoutTerminal);
        foreach (ComparedPlacement placement in result.Placements.Where(placement => placement.Unavailable is not null))
        {
            output.WriteLine($"{placement.Name}: not available: {placement.Unavailable}.");
        }

        output.WriteLine(Explanation(result));
        foreach (string line in IoVerdict.Of(result))
        {
            output.WriteLine(line);
        }
    }

    /// <summary>What the columns are.</summary>
    public static string Explanation(IoResult result) =>
        $"Device: {result.Device}. The median of the runs. Rates, latencies and guest time are by the guest's clock"
        + (result.Run.InstructionClock ? ", derived from instructions" : ", which is the host's")
        + $". From host CPU on everything is of a MiB. Instr: guest instructions of all levels. Bounced: copied by the guest's kernel through memory that its hypervisor sees. Encrypted: by the guest's kernel. IDE: bytes on the link through its stream. To first: guest time, and instructions, in multiples of those of {IoPlacements.FirstOf(result.Device)}. All data were checked.";

    /// <summary>A row's cells, in the order of the columns.</summary>
    public static IEnumerable<string> Cells(IoMeasurement row, IoResult result)
    {
        string[] text = [row.Pattern, Size(row.BlockBytes), row.Placement];
        if (row.Absent is { } reason)
        {
            return [.. text, .. Enumerable.Repeat("-", Columns.Count - text.Length - 1), reason];
        }

        IoMeasurement? first = result.Measurements.FirstOrDefault(other =>
            other.Pattern == row.Pattern && other.BlockBytes == row.BlockBytes && other.Placement == IoPlacements.FirstOf(result.Device) && other.Absent is null);
        return
        [
            .. text,
            Of(IoResult.Rate, VmFormat.Count),
            Of(IoResult.RequestRate, VmFormat.Count),
            .. ((string[])["p50", "p90", "p99", "max"]).Select(percentile => Of(IoResult.LatencyPrefix + percentile, microseconds => VmFormat.Time(microseconds * 1e3))),
            Of(VmResult.HostNanoseconds, VmFormat.Time),
            Of(MachineSample.HostCpuSeconds, seconds => VmFormat.Time(seconds * 1e9)),
            Of(VmResult.GuestNanoseconds, VmFormat.Time),
            Of(MachineSample.Instructions, VmFormat.Count),
            Of(MachineSample.Exits, VmFormat.Count),
            Of(IoResult.BounceBytes, bytes => Size((long)bytes)),
            Of(IoResult.EncryptedBytes, bytes => Size((long)bytes)),
            Of(MachineSample.IdeBytes, VmFormat.Count),
            $"{Ratio(VmResult.GuestNanoseconds)}, {Ratio(MachineSample.Instructions)}",
            string.Empty,
        ];

        string Of(string quantity, Func<double, string> format) => row.Median(quantity) is { } value ? format(value) : "-";

        string Ratio(string quantity) => row.Median(quantity) is { } value && first?.Median(quantity) is { } reference and > 0 ? VmFormat.Ratio(value / reference) : "-";
    }

    /// <summary>A size as people write it.</summary>
    public static string Size(long bytes) =>
        bytes >= 1 << 20 && bytes % (1 << 20) == 0 ? string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20}m")
        : bytes >= 1 << 10 && bytes % (1 << 10) == 0 ? string.Create(CultureInfo.InvariantCulture, $"{bytes >> 10}k")
        : bytes.ToString(CultureInfo.InvariantCulture);
}
