using System.Globalization;
using CoveJit.Cli.Terminal;
using Spectre.Console;

namespace CoveJit.Cli.Comparison;

/// <summary>The comparison as a table for the terminal.</summary>
internal static class IsolationTable
{
    private const int WidthWithoutTerminal = 140;

    /// <summary>Writes the table.</summary>
    public static void Write(IsolationResult result, TextWriter output)
    {
        Table table = new Table().Border(TableBorder.Simple);
        table.AddColumn("mechanism");
        foreach (string column in (string[])["regions", "entries", "tables", "access ns", "switch ns", "instr", "fences", "switch + pass ns", "move ns", "instr", "fences"])
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (IsolationMeasurement row in result.Measurements)
        {
            string entries = Number(row.EntriesNeeded) + (row.EntriesAvailable is { } available ? $" of {Number(available)}" : string.Empty);
            string[] cells = row.Refused
                ? ["refused", .. Enumerable.Repeat("-", 7)]
                : [Time(row, "stream"), Time(row, "switch"), Count(row, "switch", c => c.GuestInstructions), Count(row, "switch", c => c.Fences), Time(row, "switch_and_stream"), Time(row, "move"), Count(row, "move", c => c.GuestInstructions), Count(row, "move", c => c.Fences)];
            table.AddRow([row.Mechanism, Number(row.Regions), entries, row.TableBytes is { } bytes ? $"{Number(bytes / 1024)} KiB" : "-", .. cells]);
        }

        PlainTable.Write(table, output, WidthWithoutTerminal);
        if (result.Measurements.Select(row => row.Costs.GetValueOrDefault("unchecked")).FirstOrDefault(cost => cost is not null) is { } direct)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"A DMA request that no IOPMP checks: {direct.HostNanoseconds:0} ns."));
        }

        output.WriteLine("Regions: pages of each of two domains, in turn. Access: a load of a domain; a DMA request of 64 bytes for iopmp. Instr: guest instructions.");
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Time(IsolationMeasurement row, string phase) =>
        row.Costs.TryGetValue(phase, out IsolationCost? cost) ? cost.HostNanoseconds.ToString(cost.HostNanoseconds < 100 ? "0.00" : "0", CultureInfo.InvariantCulture) : "-";

    private static string Count(IsolationMeasurement row, string phase, Func<IsolationCost, double> quantity) =>
        row.Costs.TryGetValue(phase, out IsolationCost? cost) ? Math.Round(quantity(cost)).ToString("0", CultureInfo.InvariantCulture) : "-";
}
