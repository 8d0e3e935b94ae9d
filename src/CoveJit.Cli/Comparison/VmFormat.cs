using System.Globalization;

namespace CoveJit.Cli.Comparison;

/// <summary>Figures of <c>covejit compare vm</c> as people read them.</summary>
internal static class VmFormat
{
    private static readonly (double Least, string Unit)[] TimeUnits = [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (0, "ns")];
    private static readonly (double Least, string Suffix)[] CountUnits = [(1e9, "G"), (1e6, "M"), (1e3, "k"), (0, "")];

    /// <summary>A time in nanoseconds.</summary>
    public static string Time(double nanoseconds)
    {
        (double least, string unit) = TimeUnits.First(candidate => nanoseconds >= candidate.Least || candidate.Least == 0);
        return $"{Digits(least == 0 ? nanoseconds : nanoseconds / least)} {unit}";
    }

    /// <summary>A count, perhaps of less than one in an iteration.</summary>
    public static string Count(double count)
    {
        if (count is > 0 and < 0.001)
        {
            return "<0.001";
        }

        (double least, string suffix) = CountUnits.First(candidate => count >= candidate.Least || candidate.Least == 0);
        return Digits(least == 0 ? count : count / least) + suffix;
    }

    /// <summary>How many times as much.</summary>
    public static string Ratio(double ratio) => ratio.ToString("0.00", CultureInfo.InvariantCulture);

    // Three digits that count.
    private static string Digits(double value) => value.ToString(value >= 100 ? "0" : value >= 10 ? "0.0" : value >= 1 ? "0.00" : value == 0 ? "0" : "0.000", CultureInfo.InvariantCulture);
}
