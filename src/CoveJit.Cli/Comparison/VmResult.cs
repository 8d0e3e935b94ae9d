using System.Text.Json;
using System.Text.Json.Serialization;

namespace CoveJit.Cli.Comparison;

/// <summary>A quantity of one iteration, in several runs.</summary>
/// <param name="Median">The median of the runs.</param>
/// <param name="Least">The least.</param>
/// <param name="Most">The most.</param>
/// <param name="Runs">That of each run.</param>
internal sealed record VmQuantity(double Median, double Least, double Most, IReadOnlyList<double> Runs)
{
    /// <summary>Sums up runs.</summary>
    public static VmQuantity Of(IReadOnlyList<double> runs)
    {
        double[] sorted = [.. runs.Order()];
        return new VmQuantity((sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, sorted[0], sorted[^1], runs);
    }
}

/// <summary>How many times as much as elsewhere; null where that is not known.</summary>
/// <param name="HostTime">Wall time of the host.</param>
/// <param name="GuestTime">The machine's time: the same as the host's without <c>--icount</c>, derived from instructions with it.</param>
/// <param name="Instructions">Instructions.</param>
internal sealed record VmRatio(double? HostTime, double? GuestTime, double? Instructions);

/// <summary>One phase of a workload, in one placement.</summary>
/// <param name="Workload">The workload.</param>
/// <param name="Phase">The phase.</param>
/// <param name="Unit">What one iteration is.</param>
/// <param name="Placement">Where.</param>
/// <param name="Absent">Why it was not measured; null if it was.</param>
/// <param name="Iterations">Iterations in each run.</param>
/// <param name="Each">
/// What one iteration took: <see cref="VmResult.HostNanoseconds"/>, <see cref="VmResult.GuestNanoseconds"/>, and the counts of
/// <see cref="MachineSample"/>.
/// </param>
/// <param name="ToBare">Compared with the bare machine; null there.</param>
/// <param name="ToPlain">Compared with the plain virtual machine; null but for confidential ones.</param>
/// <param name="Origin">Where the difference comes from, as far as counts tell.</param>
internal sealed record VmMeasurement(
    string Workload,
    string Phase,
    string Unit,
    string Placement,
    string? Absent,
    IReadOnlyList<double> Iterations,
    IReadOnlyDictionary<string, VmQuantity> Each,
    VmRatio? ToBare,
    VmRatio? ToPlain,
    string Origin)
{
    /// <summary>The median of a quantity; null where it was not counted.</summary>
    public double? Median(string quantity) => Each.TryGetValue(quantity, out VmQuantity? value) ? value.Median : null;
}

/// <summary>The whole comparison, as <c>--json</c> writes it.</summary>
/// <param name="SchemaVersion">Version of this layout.</param>
/// <param name="Run">What was run.</param>
/// <param name="Placements">The placements.</param>
/// <param name="Measurements">By phase, then by placement.</param>
internal sealed record VmResult(
    int SchemaVersion,
    ComparisonRun Run,
    IReadOnlyList<ComparedPlacement> Placements,
    IReadOnlyList<VmMeasurement> Measurements)
{
    /// <summary>Wall time of the host, in nanoseconds.</summary>
    public const string HostNanoseconds = "host_nanoseconds";

    /// <summary>The machine's time, in nanoseconds.</summary>
    public const string GuestNanoseconds = "guest_nanoseconds";

    /// <summary>Bytes that a confidential VM's kernel copied through the window it shares with the hypervisor: derived from what was transferred, since devices reach nothing else.</summary>
    public const string BounceBytes = "bounce_bytes";

    /// <summary>The result as indented JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, VmResultJson.Default.VmResult) + "\n";
}

/// <summary>Serialisation without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(VmResult))]
internal sealed partial class VmResultJson : JsonSerializerContext;
