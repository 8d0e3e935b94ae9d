using Spectre.Console;

namespace CoveJit.Cli.Terminal;

/// <summary>Tables as plain text, for terminals and files alike.</summary>
internal static class PlainTable
{
    /// <summary>Writes a table.</summary>
    /// <param name="table">The table.</param>
    /// <param name="output">Where it goes.</param>
    /// <param name="width">Columns that it may take where the terminal is narrower, or is none.</param>
    public static void Write(Table table, TextWriter output, int width)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(output) });
        console.Profile.Width = Math.Max(console.Profile.Width, width);
        console.Write(table);
    }
}
