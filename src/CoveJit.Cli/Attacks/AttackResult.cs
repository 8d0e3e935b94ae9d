using System.Text.Json;
using System.Text.Json.Serialization;

namespace CoveJit.Cli.Attacks;

/// <summary>What came of an attack in a column.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AttackOutcome>))]
internal enum AttackOutcome
{
    /// <summary>It makes no sense there: nothing was tried.</summary>
    [JsonStringEnumMemberName("none")]
    None,

    /// <summary>Everything that was tried was stopped.</summary>
    [JsonStringEnumMemberName("stopped")]
    Stopped,

    /// <summary>Something that was tried worked.</summary>
    [JsonStringEnumMemberName("succeeded")]
    Succeeded,
}

/// <summary>One attack, and what came of it.</summary>
/// <param name="Attack">Its name.</param>
/// <param name="Description">What it does.</param>
/// <param name="Expected">What has to stop it: mechanisms, with commas between.</param>
/// <param name="Observed">What did.</param>
/// <param name="Confidential">What came of it, against a confidential virtual machine.</param>
/// <param name="Plain">The same against a plain one.</param>
/// <param name="Attempts">How much was tried against the confidential one.</param>
/// <param name="Success">The first of those that worked.</param>
internal sealed record AttackResult(
    string Attack,
    string Description,
    string Expected,
    string? Observed = null,
    AttackOutcome Confidential = AttackOutcome.None,
    AttackOutcome Plain = AttackOutcome.None,
    int Attempts = 0,
    string? Success = null)
{
    /// <summary>
    /// Whether all is as it should be: the confidential virtual machine is stopped being harmed, by what is expected, and the plain one is not, if the attack
    /// makes sense there.
    /// </summary>
    [JsonIgnore]
    public bool IsAsExpected => Confidential == AttackOutcome.Stopped && Observed == Expected && Plain != AttackOutcome.Stopped;
}

/// <summary>A TVM's evidence, which the program tells for the verifier.</summary>
/// <param name="Evidence"><c>genuine</c> if the image that it runs is the one that was announced.</param>
/// <param name="Certificate">A CBOR certificate, in hexadecimal.</param>
internal sealed record AttackEvidence(string Evidence, string Certificate);

/// <summary>All attacks, as <c>--json</c> writes them.</summary>
/// <param name="SchemaVersion">Version of this layout.</param>
/// <param name="Covejit">Version of the emulator.</param>
/// <param name="Attacks">In the table's order.</param>
internal sealed record AttackReport(int SchemaVersion, string Covejit, IReadOnlyList<AttackResult> Attacks)
{
    /// <summary>The report as indented JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, AttackJson.Default.AttackReport) + "\n";
}

/// <summary>Serialisation without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(AttackReport))]
[JsonSerializable(typeof(AttackEvidence))]
internal sealed partial class AttackJson : JsonSerializerContext;
