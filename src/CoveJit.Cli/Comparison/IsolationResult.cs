using System.Text.Json;
using System.Text.Json.Serialization;

namespace CoveJit.Cli.Comparison;

/// <summary>What something that was done many times took, each time.</summary>
/// <param name="Operations">How often it was done in a run.</param>
/// <param name="HostNanoseconds">Host time of one, in the median of the runs.</param>
/// <param name="HostNanosecondsRuns">Host time of one in each run.</param>
/// <param name="GuestInstructions">Guest instructions of one.</param>
/// <param name="Fences">Fences of one.</param>
internal sealed record IsolationCost(long Operations, double HostNanoseconds, IReadOnlyList<double> HostNanosecondsRuns, double GuestInstructions, double Fences);

/// <summary>What one mechanism took for one number of regions.</summary>
/// <param name="Mechanism">none, pmp, smepmp, mpt or iopmp.</param>
/// <param name="Regions">Regions of each of the two domains.</param>
/// <param name="EntriesNeeded">Entries that the regions and what belongs to them need.</param>
/// <param name="EntriesAvailable">Entries that there are; null where memory is the limit.</param>
/// <param name="TableBytes">Memory that tables take; null where there are none.</param>
/// <param name="Refused">Whether the entries did not suffice, so that nothing could be measured.</param>
/// <param name="Costs">
/// By what was done: <c>setup</c> of all entries; <c>stream</c>, a load of a domain (none to mpt) or a DMA request of 64 bytes (iopmp), and
/// <c>unchecked</c>, the same request before the IOPMP is enabled; <c>switch</c> to the other domain; <c>switch_and_stream</c>, the same with one
/// pass over its regions; <c>move</c> of a region to the other domain.
/// </param>
internal sealed record IsolationMeasurement(
    string Mechanism,
    int Regions,
    int EntriesNeeded,
    int? EntriesAvailable,
    long? TableBytes,
    bool Refused,
    IReadOnlyDictionary<string, IsolationCost> Costs);

/// <summary>The whole comparison, as <c>--json</c> writes it.</summary>
/// <param name="SchemaVersion">Version of this layout.</param>
/// <param name="Covejit">Version of the emulator.</param>
/// <param name="Host">The host's operating system and processor architecture.</param>
/// <param name="HostProcessors">Its processors.</param>
/// <param name="StartedUtc">When it began.</param>
/// <param name="Repeat">Runs.</param>
/// <param name="Rounds">How often a run does what is measured.</param>
/// <param name="Measurements">By mechanism, then by number of regions.</param>
internal sealed record IsolationResult(
    int SchemaVersion,
    string Covejit,
    string Host,
    int HostProcessors,
    DateTime StartedUtc,
    int Repeat,
    int Rounds,
    IReadOnlyList<IsolationMeasurement> Measurements)
{
    /// <summary>The result as indented JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, IsolationResultJson.Default.IsolationResult) + "\n";
}

/// <summary>Serialisation without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IsolationResult))]
internal sealed partial class IsolationResultJson : JsonSerializerContext;
