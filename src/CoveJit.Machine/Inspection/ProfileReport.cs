using System.Globalization;
using CoveJit.Harts.Code;
using CoveJit.Memory.Physical;

namespace CoveJit.Machines.Inspection;

/// <summary><c>--profile</c>: which guest code ran most, and in which tier.</summary>
public static unsafe class ProfileReport
{
    private const int MostRows = 30;
    private const string Interpreted = "interpreted";

    /// <summary>Writes the table for a machine that has run.</summary>
    public static void Write(Machine machine, TextWriter output)
    {
        ulong total = 0;
        foreach (Harts.Hart hart in machine.Harts)
        {
            total += hart.State->InstructionsRetired;
        }

        List<Row> rows = [.. (machine.Translations?.Translations ?? [])
            .GroupBy(logged => (logged.Tier, logged.Translation.Pc))
            .Select(group => new Row(group.Key.Tier, machine.Symbols.Symbolize(group.Key.Pc), group.Key.Pc, Sum(group, logged => logged.Runs), Sum(group, logged => logged.Instructions)))];
        ulong native = Sum(rows.Where(row => row.Tier == "native"), row => row.Instructions);
        ulong regions = Sum(rows.Where(row => row.Tier == "region"), row => row.Instructions);
        AddInterpreted(machine, rows);

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"profile: {total} instructions; {Share(regions)} in regions, {Share(native)} in native code of blocks, {Share(total - Math.Min(total, native + regions))} interpreted"));
        output.WriteLine($"{"share",7}  {"instructions",14}  {"runs",12}  {"tier",-11}  {"address",-18}  symbol");
        foreach (Row row in rows.Where(row => row.Instructions > 0).OrderByDescending(row => row.Instructions).Take(MostRows))
        {
            string symbol = row.Symbol.StartsWith("0x", StringComparison.Ordinal) ? string.Empty : row.Symbol;
            string address = string.Create(CultureInfo.InvariantCulture, $"0x{row.Pc:x}");
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Share(row.Instructions),7}  {row.Instructions,14}  {row.Runs,12}  {row.Tier,-11}  {address,-18}  {symbol}").TrimEnd());
        }

        string Share(ulong part) => string.Create(CultureInfo.InvariantCulture, $"{(total == 0 ? 0 : 100.0 * part / total):F1} %");
    }

    // Blocks that were never translated. They are known by physical address only.
    private static void AddInterpreted(Machine machine, List<Row> rows)
    {
        CodeCache code = machine.Code;
        for (ulong page = 0; page < machine.Ram.Size >> GuestRam.PageShift; page++)
        {
            uint* table = code.Tables[page];
            for (int i = 0; table != null && i < 2048; i++)
            {
                if (table[i] != 0 && code.BlockAt(table[i]) is var block && block->Entry == 0)
                {
                    ulong address = machine.Ram.Base + (page << GuestRam.PageShift) + ((ulong)i << 1);
                    rows.Add(new Row(Interpreted, machine.Symbols.Symbolize(address), address, block->Heat, (ulong)block->Heat * block->Count));
                }
            }
        }
    }

    private static ulong Sum<T>(IEnumerable<T> items, Func<T, ulong> value)
    {
        ulong sum = 0;
        foreach (T item in items)
        {
            sum += value(item);
        }

        return sum;
    }

    private sealed record Row(string Tier, string Symbol, ulong Pc, ulong Runs, ulong Instructions);
}
