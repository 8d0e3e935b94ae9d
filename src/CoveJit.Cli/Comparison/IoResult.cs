using System.Text.Json;
using System.Text.Json.Serialization;

namespace CoveJit.Cli.Comparison;

/// <summary>A pattern of accesses, in one placement.</summary>
/// <param name="Pattern">read, write, randread or randwrite.</param>
/// <param name="BlockBytes">Bytes of a request.</param>
/// <param name="Placement">How the guest reaches its device.</param>
/// <param name="Absent">Why it was not measured; null if it was.</param>
/// <param name="Requests">Requests in each run.</param>
/// <param name="Values">Rates, latencies, and what a MiB took: the names in <see cref="IoResult"/>, and the counts of <see cref="MachineSample"/>.</param>
internal sealed record IoMeasurement(string Pattern, long BlockBytes, string Placement, string? Absent, IReadOnlyList<double> Requests, IReadOnlyDictionary<string, VmQuantity> Values)
{
    /// <summary>The median of a value; null where it was not measured.</summary>
    public double? Median(string name) => Values.TryGetValue(name, out VmQuantity? value) ? value.Median : null;
}

/// <summary>The whole comparison, as <c>--json</c> writes it.</summary>
/// <param name="SchemaVersion">Version of this layout.</param>
/// <param name="Run">What was run.</param>
/// <param name="Device">What was read and written.</param>
/// <param name="SpanBytes">Bytes of the device that were read and written.</param>
/// <param name="Depth">Requests under way.</param>
/// <param name="Placements">The placements.</param>
/// <param name="Measurements">By pattern, then by size, then by placement.</param>
internal sealed record IoResult(
    int SchemaVersion,
    ComparisonRun Run,
    string Device,
    long SpanBytes,
    int Depth,
    IReadOnlyList<ComparedPlacement> Placements,
    IReadOnlyList<IoMeasurement> Measurements)
{
    /// <summary>MiB in a second of the guest's clock.</summary>
    public const string Rate = "mib_per_second";

    /// <summary>Requests in a second of the guest's clock.</summary>
    public const string RequestRate = "requests_per_second";

    /// <summary>Begins the names of latencies, in microseconds of the guest's clock: p50, p90, p99 and max.</summary>
    public const string LatencyPrefix = "latency_microseconds_";

    /// <summary>Bytes that the guest's kernel copied through memory it shares with the hypervisor, for a MiB: derived, since the device reaches nothing else.</summary>
    public const string BounceBytes = VmResult.BounceBytes;

    /// <summary>Bytes that the guest's kernel encrypted or decrypted, for a MiB: derived, since the device shows nothing in the clear.</summary>
    public const string EncryptedBytes = "guest_encrypted_bytes";

    /// <summary>The result as indented JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, IoResultJson.Default.IoResult) + "\n";
}

/// <summary>Serialisation without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IoResult))]
internal sealed partial class IoResultJson : JsonSerializerContext;
