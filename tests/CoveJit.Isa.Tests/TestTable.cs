using System.Globalization;

namespace CoveJit.Isa.Tests;

/// <summary>Reads the text tables: <c>hex | text</c>, with # for comments.</summary>
internal static class TestTable
{
    public static List<(uint Word, string Text)> Read(string name)
    {
        List<(uint, string)> rows = [];
        foreach (string line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "TestData", name)))
        {
            if (line.Length > 0 && line[0] != '#')
            {
                string[] parts = line.Split(" | ");
                rows.Add((uint.Parse(parts[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), parts[1]));
            }
        }

        return rows;
    }
}
