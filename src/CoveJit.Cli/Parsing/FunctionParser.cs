using System.Globalization;
using CoveJit.Machines.Options;

namespace CoveJit.Cli.Parsing;

/// <summary>Reads what can be said of any PCIe function: <c>tee[=genuine|forged|stale]</c>, <c>plug=SECONDS</c>, <c>pull=SECONDS</c>.</summary>
internal static class FunctionParser
{
    /// <summary>How it is written, for messages.</summary>
    public const string Form = "[,tee][,plug=SECONDS][,pull=SECONDS]";

    /// <summary>Reads one part; null if it is about something else.</summary>
    /// <exception cref="UsageException">Its value makes no sense.</exception>
    public static FunctionOptions? TryParse(string option, string key, string? value, FunctionOptions before) => key switch
    {
        "tee" => before with { Tee = ParseTee(option, value) },
        "plug" => before with { Arrival = ParseInstant(option, key, value) },
        "pull" => before with { Removal = ParseInstant(option, key, value) },
        _ => null,
    };

    /// <summary>Checks all parts together.</summary>
    /// <exception cref="UsageException">They do not fit.</exception>
    public static void Check(string option, FunctionOptions function, bool isPcie = true)
    {
        if (!isPcie && function != FunctionOptions.Plain)
        {
            throw new UsageException($"{option}: tee, plug and pull are said of a PCIe function", "add bus=pci");
        }

        if (function is { Arrival: TimeSpan arrival, Removal: TimeSpan removal } && removal <= arrival)
        {
            throw new UsageException($"{option}: the device is pulled before it is plugged", "give pull= a later second than plug=");
        }
    }

    private static TeeIdentity? ParseTee(string option, string? value) => value switch
    {
        null or "on" or "genuine" => TeeIdentity.Genuine,
        "forged" => TeeIdentity.Forged,
        "stale" => TeeIdentity.Stale,
        "off" => null,
        _ => throw new UsageException($"{option}: tee={value} is not known", "write tee, tee=forged or tee=stale"),
    };

    private static TimeSpan ParseInstant(string option, string key, string? value) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and < 1e6
            ? TimeSpan.FromSeconds(seconds)
            : throw new UsageException($"{option}: {key}={value} is no time after the start", $"write {key}=2.5, in seconds");
}
