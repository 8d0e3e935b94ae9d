using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace CoveJit.EndToEnd.Tests;

/// <summary>The hypervisor of <c>guest/vmm</c>, compiled once for all tests of a class by the command that users have for it.</summary>
public sealed class Hypervisor : IDisposable
{
    /// <summary>Debian's cross compiler; tests are skipped without it.</summary>
    public const string Compiler = "/usr/bin/riscv64-linux-gnu-gcc";

    private readonly TemporaryDirectory _directory = new();

    public Hypervisor()
    {
        if (File.Exists(Compiler))
        {
            (int code, string output, string error) = CoveJitProcess.Run(120, "guest", "build", "vmm", "--output", _directory.Path);
            Assert.True(code == 0, output + error);
        }
    }

    /// <summary>The program, for <c>--vmm</c>.</summary>
    public string Program => _directory.File("vmm/vmm");

    public void Dispose() => _directory.Dispose();

    /// <summary>The statistics that it printed: one for each virtual machine, in order, and last the machine's.</summary>
    public static IReadOnlyList<JsonElement> Statistics(string output) =>
        [.. Regex.Matches(output, @"(?m)^\[vmm\] (\{.*\})\s*$").Select(match => JsonDocument.Parse(match.Groups[1].Value).RootElement)];

    /// <summary>Fails unless the machine's pages all came back.</summary>
    public static void AssertNothingLost(IReadOnlyList<JsonElement> statistics) =>
        Assert.Equal(0, statistics[^1].GetProperty("machine").GetProperty("pages_lost").GetInt64());

    /// <summary>How much memory of the machine's was free whenever a balloon's target changed or was reached, in MiB.</summary>
    public static IReadOnlyList<int> FreeMemory(string output) =>
        [.. Regex.Matches(output, @"(?m)^\[vmm\] vm\d: its balloon (?:is to hold|holds) \d+ MiB; (\d+) MiB").Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))];

    /// <summary>A command line that runs the default guest on it.</summary>
    public string[] Arguments(params string[] more) => ["run", "--vmm", Program, "--guest", DefaultGuest.DescriptionFile, .. more];

    /// <summary>Runs a machine whose guest does what it is told, and gives everything back.</summary>
    /// <returns>What it wrote.</returns>
    public string Run(int seconds, string[] append, string[] arguments)
    {
        (int code, string output, string error) = CoveJitProcess.Run(seconds, [.. Arguments(append), .. arguments]);
        Assert.Equal((0, string.Empty), (code, error));
        Assert.Contains("CoveJit guest ran, status 0", output, StringComparison.Ordinal);
        AssertNothingLost(Statistics(output));
        return output;
    }
}
