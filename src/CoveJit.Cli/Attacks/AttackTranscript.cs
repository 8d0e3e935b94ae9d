using System.Text.Json;
using CoveJit.Machines.Loading;

namespace CoveJit.Cli.Attacks;

/// <summary>Reads what the program writes to its console: a JSON object a line.</summary>
internal static class AttackTranscript
{
    private const string Mend = "this is a defect of CoveJit; please report it";

    /// <summary>Reads the whole.</summary>
    /// <param name="text">What was written.</param>
    /// <returns>The attacks in order, and the evidence.</returns>
    /// <exception cref="LoadException">The program says that it failed, or something that it never says.</exception>
    public static (IReadOnlyList<AttackResult> Attacks, IReadOnlyList<AttackEvidence> Evidence) Parse(string text)
    {
        List<AttackResult> attacks = [];
        List<AttackEvidence> evidence = [];
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(line);
                JsonElement root = document.RootElement;
                if (root.TryGetProperty("failure", out JsonElement failure))
                {
                    throw new LoadException($"the attacks could not go on: {failure.GetString()}", Mend);
                }

                if (root.TryGetProperty("evidence", out _))
                {
                    evidence.Add(root.Deserialize(AttackJson.Default.AttackEvidence)!);
                }
                else
                {
                    attacks.Add(root.Deserialize(AttackJson.Default.AttackResult)!);
                }
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                throw new LoadException($"the attacks went astray: {line[..Math.Min(line.Length, 120)]}", Mend, e);
            }
        }

        return (attacks, evidence);
    }
}
