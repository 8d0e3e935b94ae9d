using System.Globalization;
using System.Text.Json;

namespace CoveJit.Cli.Comparison;

/// <summary>A line of the console, and the machine as it stood when its end was written.</summary>
internal sealed record SampledLine(string Text, MachineSample Sample);

/// <summary>What the machine did while the guest did a phase of a workload.</summary>
/// <param name="Phase">The phase.</param>
/// <param name="Iterations">How often the guest did it.</param>
/// <param name="Work">The clocks and counters from begin to end.</param>
internal sealed record GuestWindow(string Phase, double Iterations, MachineSample Work);

/// <summary>A guest's console, read: what lies between the marks of <c>guest/bench</c> and of <see cref="GuestWorkload.CommandsFor"/>.</summary>
/// <param name="Windows">The phases that were done.</param>
/// <param name="Absent">Programs that the guest does not have.</param>
/// <param name="Hypervisor">The statistics that the hypervisor printed, one for each virtual machine and one for the machine; none without it.</param>
internal sealed record GuestWindows(IReadOnlyList<GuestWindow> Windows, IReadOnlyList<string> Absent, IReadOnlyList<JsonElement> Hypervisor)
{
    /// <summary>Begins the mark of a program that the guest does not have.</summary>
    public const string Missing = "missing";

    /// <summary>What the guest writes when it is up.</summary>
    public const string ReadyMarker = "CoveJit guest ready";

    private const string HypervisorPrefix = "[vmm] ";

    // CoreMark's line; programs that are not CoveJit's own are framed by "start" and "end".
    private const string ForeignIterations = "Iterations  ";

    /// <summary>Whether a line is one to take a sample at.</summary>
    public static bool IsMark(string line) =>
        line.StartsWith("{\"", StringComparison.Ordinal) || line.StartsWith(ReadyMarker, StringComparison.Ordinal) || line.StartsWith(ForeignIterations, StringComparison.Ordinal)
        || line.StartsWith(HypervisorPrefix + "{", StringComparison.Ordinal);

    /// <summary>Reads the marks of a console.</summary>
    /// <param name="lines">The lines for which <see cref="IsMark"/> holds, without their ends.</param>
    public static GuestWindows Read(IEnumerable<SampledLine> lines)
    {
        List<GuestWindow> windows = [];
        List<string> absent = [];
        List<JsonElement> hypervisor = [];
        Dictionary<string, MachineSample> started = [];
        double foreign = 0;
        foreach (SampledLine line in lines)
        {
            if (line.Text.StartsWith(ReadyMarker, StringComparison.Ordinal))
            {
                windows.Add(new GuestWindow(GuestWorkload.Boot, 1, line.Sample));
            }
            else if (line.Text.StartsWith(ForeignIterations, StringComparison.Ordinal))
            {
                _ = double.TryParse(line.Text[(line.Text.IndexOf(':', StringComparison.Ordinal) + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out foreign);
            }
            else if (line.Text.StartsWith(HypervisorPrefix, StringComparison.Ordinal))
            {
                if (TryParse(line.Text[HypervisorPrefix.Length..]) is { } statistics)
                {
                    hypervisor.Add(statistics);
                }
            }
            else if (TryParse(line.Text) is { } mark)
            {
                if (NameIn(mark, "start") is { } begun)
                {
                    // Perhaps again: the last one counts.
                    started[begun] = line.Sample;
                    foreign = 0;
                }
                else if (NameIn(mark, "name") is { } done && mark.TryGetProperty("iterations", out JsonElement iterations) && iterations.TryGetDouble(out double own))
                {
                    End(done, own, line.Sample);
                }
                else if (NameIn(mark, "end") is { } ended)
                {
                    End(ended, foreign, line.Sample);
                }
                else if (NameIn(mark, Missing) is { } program)
                {
                    absent.Add(program);
                }
            }
        }

        return new GuestWindows(windows, absent, hypervisor);

        void End(string phase, double iterations, MachineSample sample)
        {
            if (iterations > 0 && started.Remove(phase, out MachineSample? begin))
            {
                windows.Add(new GuestWindow(phase, iterations, sample.Since(begin)));
            }
        }
    }

    private static string? NameIn(JsonElement mark, string property) =>
        mark.TryGetProperty(property, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    // A guest may write anything.
    private static JsonElement? TryParse(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
