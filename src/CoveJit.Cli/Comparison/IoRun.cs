using System.Text.Json;

namespace CoveJit.Cli.Comparison;

/// <summary>What a run of <see cref="IoComparison"/> says.</summary>
/// <param name="Windows">What the machine did in each phase.</param>
/// <param name="Latencies">By phase: p50, p90, p99 and max, in microseconds of the guest's clock.</param>
internal sealed record IoRun(GuestWindows Windows, IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> Latencies)
{
    private const double BytesPerMegabyte = 1 << 20;
    private const double NanosecondsPerSecond = 1e9;
    private static readonly string[] Percentiles = ["p50", "p90", "p99", "max"];

    /// <summary>Reads a guest's console.</summary>
    public static IoRun Read(VmRun run)
    {
        Dictionary<string, IReadOnlyDictionary<string, double>> latencies = [];
        foreach (string line in run.Text.Where(line => line.StartsWith("{\"latency\"", StringComparison.Ordinal)))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            latencies[root.GetProperty("latency").GetString()!] = Percentiles.ToDictionary(name => name, name => root.GetProperty(name).GetDouble());
        }

        return new IoRun(GuestWindows.Read(run.Marks), latencies);
    }

    /// <summary>Puts the runs of one placement together, for one phase.</summary>
    /// <param name="phase">The phase.</param>
    /// <param name="placement">The placement.</param>
    /// <param name="absent">Why nothing was measured there, or null.</param>
    /// <param name="runs">The runs.</param>
    public static IoMeasurement Combine(IoPhase phase, IoPlacement placement, string? absent, IReadOnlyList<IoRun> runs)
    {
        (GuestWindow Window, IReadOnlyDictionary<string, double> Latencies)[] own =
            [.. runs.SelectMany(run => run.Windows.Windows.Where(window => window.Phase == phase.Name).Select(window => (window, run.Latencies[phase.Name])))];
        Dictionary<string, VmQuantity> values = [];
        if (absent is null && own.Length == 0)
        {
            absent = "the guest reported nothing";
        }

        if (absent is null)
        {
            values[IoResult.Rate] = Of(window => Megabytes(window) / window.Work.GuestSeconds);
            values[IoResult.RequestRate] = Of(window => window.Iterations / window.Work.GuestSeconds);
            foreach (string percentile in Percentiles)
            {
                values[IoResult.LatencyPrefix + percentile] = VmQuantity.Of([.. own.Select(run => run.Latencies[percentile])]);
            }

            values[VmResult.HostNanoseconds] = Of(window => window.Work.HostSeconds * NanosecondsPerSecond / Megabytes(window));
            values[VmResult.GuestNanoseconds] = Of(window => window.Work.GuestSeconds * NanosecondsPerSecond / Megabytes(window));
            values[IoResult.BounceBytes] = Of(_ => IoPlacements.Bounces(placement) ? BytesPerMegabyte : 0);
            values[IoResult.EncryptedBytes] = Of(_ => placement == IoPlacement.ConfidentialEncrypted ? BytesPerMegabyte : 0);
            foreach (string name in own[0].Window.Work.Counts.Keys)
            {
                values[name] = Of(window => window.Work.Counts[name] / Megabytes(window));
            }
        }

        return new IoMeasurement(phase.Pattern, phase.Size, IoPlacements.NameOf(placement), absent, [.. own.Select(run => run.Window.Iterations)], values);

        double Megabytes(GuestWindow window) => window.Iterations * phase.RequestBytes / BytesPerMegabyte;

        VmQuantity Of(Func<GuestWindow, double> value) => VmQuantity.Of([.. own.Select(run => value(run.Window))]);
    }
}
