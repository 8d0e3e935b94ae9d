using CoveJit.Cli.Terminal;
using Spectre.Console;

namespace CoveJit.Cli.Attacks;

/// <summary>Attacks as tables for the terminal.</summary>
internal static class AttackTable
{
    private const int WidthWithoutTerminal = 160;

    /// <summary>Writes names and descriptions.</summary>
    public static void WriteList(IReadOnlyList<AttackResult> attacks, TextWriter output) =>
        Write(output, ["attack", "expected mechanism", "what it does"], attacks.Select(attack => (string[])[attack.Attack, attack.Expected, attack.Description]));

    /// <summary>Writes what came of them.</summary>
    public static void WriteResults(IReadOnlyList<AttackResult> attacks, TextWriter output) =>
        Write(
            output,
            ["attack", "expected mechanism", "what stopped it", "confidential", "plain", ""],
            attacks.Select(attack => (string[])
            [
                attack.Attack,
                attack.Expected,
                attack.Observed + (attack.Success is { } what ? $"; not stopped: {what}" : string.Empty),
                Name(attack.Confidential),
                Name(attack.Plain),
                attack.IsAsExpected ? string.Empty : "UNEXPECTED",
            ]));

    private static string Name(AttackOutcome outcome) => outcome switch
    {
        AttackOutcome.Stopped => "stopped",
        AttackOutcome.Succeeded => "succeeded",
        _ => "-",
    };

    private static void Write(TextWriter output, IReadOnlyList<string> columns, IEnumerable<string[]> rows)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string column in columns)
        {
            table.AddColumn(column);
        }

        foreach (string[] row in rows)
        {
            table.AddRow([.. row.Select(cell => new Text(cell))]);
        }

        PlainTable.Write(table, output, WidthWithoutTerminal);
    }
}
