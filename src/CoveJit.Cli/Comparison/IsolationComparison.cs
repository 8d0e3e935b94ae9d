using System.Runtime.InteropServices;
using System.Text.Json;
using CoveJit.Devices.Protection;
using CoveJit.Guests;
using CoveJit.Machines;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;
using CoveJit.Machines.Time;

namespace CoveJit.Cli.Comparison;

/// <summary>Runs <c>guest/isolation</c> with each mechanism and puts together what the runs say. Nothing here knows what the mechanisms cost.</summary>
/// <param name="regions">Regions of each domain.</param>
/// <param name="repeat">Runs of each mechanism; they take turns.</param>
/// <param name="rounds">How often a run does what is measured.</param>
/// <param name="pmpEntries">The harts' PMP entries.</param>
/// <param name="iopmpEntries">Entries of the IOPMP.</param>
internal sealed class IsolationComparison(IReadOnlyList<int> regions, int repeat, int rounds, int pmpEntries, int iopmpEntries)
{
    private const int SchemaVersion = 1;
    private const ulong MemorySize = 64UL << 20;

    /// <summary>Compiles the programs and runs them.</summary>
    /// <param name="progress">Told of each run.</param>
    /// <param name="cancellation">Stops the work between two runs.</param>
    /// <exception cref="GuestBuildException">The compiler is missing.</exception>
    /// <exception cref="LoadException">A program found that it is not isolated, or went astray.</exception>
    public async Task<IsolationResult> RunAsync(Action<string> progress, CancellationToken cancellation)
    {
        DateTime started = DateTime.UtcNow;
        IsolationMechanism[] mechanisms = Enum.GetValues<IsolationMechanism>();
        DirectoryInfo work = Directory.CreateTempSubdirectory("covejit-isolation-");
        try
        {
            string[] programs = await Task.WhenAll(mechanisms.Select(mechanism =>
                IsolationProgram.CompileAsync(Path.Combine(work.FullName, NameOf(mechanism)), mechanism, regions, rounds, cancellation))).ConfigureAwait(false);
            List<JsonElement[]>[] runs = [.. mechanisms.Select(_ => new List<JsonElement[]>())];
            for (int n = 0; n < repeat; n++)
            {
                for (int i = 0; i < mechanisms.Length; i++)
                {
                    cancellation.ThrowIfCancellationRequested();
                    progress($"run {n + 1} of {repeat}: {NameOf(mechanisms[i])}");
                    runs[i].Add(RunOnce(programs[i], mechanisms[i]));
                }
            }

            return new IsolationResult(
                SchemaVersion,
                typeof(IsolationComparison).Assembly.GetName().Version!.ToString(3),
                $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}",
                Environment.ProcessorCount,
                started,
                repeat,
                rounds,
                [.. mechanisms.SelectMany((mechanism, i) => regions.Select((_, j) => Combine(NameOf(mechanism), [.. runs[i].Select(run => run[j])])))]);
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    private static string NameOf(IsolationMechanism mechanism) => mechanism.ToString().ToLowerInvariant();

    // What the program writes for one number of regions, of all runs.
    private static IsolationMeasurement Combine(string mechanism, IReadOnlyList<JsonElement> runs)
    {
        JsonElement first = runs[0];
        Dictionary<string, IsolationCost> costs = [];
        foreach (JsonProperty phase in first.EnumerateObject().Where(property => property.Value.ValueKind == JsonValueKind.Object))
        {
            long operations = phase.Value.GetProperty("operations").GetInt64();
            double[] times = [.. runs.Select(run => Each(run.GetProperty(phase.Name), "ticks") * BoardTime.NanosecondsPerTick)];
            costs.Add(phase.Name, new IsolationCost(operations, VmQuantity.Of(times).Median, times, Each(phase.Value, "instructions"), Each(phase.Value, "fences")));
        }

        return new IsolationMeasurement(
            mechanism,
            first.GetProperty("regions").GetInt32(),
            first.GetProperty("needed").GetInt32(),
            first.TryGetProperty("available", out JsonElement available) ? available.GetInt32() : null,
            first.TryGetProperty("table_bytes", out JsonElement bytes) ? bytes.GetInt64() : null,
            first.TryGetProperty("refused", out _),
            costs);
    }

    private static double Each(JsonElement phase, string quantity) => phase.GetProperty(quantity).GetDouble() / phase.GetProperty("operations").GetDouble();

    private JsonElement[] RunOnce(string program, IsolationMechanism mechanism)
    {
        CollectedConsole console = new();
        using Machine machine = new(
            new MachineOptions
            {
                HtifProgram = program,
                MemorySize = MemorySize,
                PmpEntries = pmpEntries,
                Iopmp = mechanism == IsolationMechanism.Iopmp ? new IopmpConfiguration { Entries = iopmpEntries } : null,
            },
            console);
        MachineEnd end = machine.Run();
        string[] lines = console.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (end != new MachineEnd(MachineEndKind.Exit) || lines.Length != regions.Count)
        {
            throw new LoadException(
                $"the isolation program failed with {NameOf(mechanism)}: {console.Text.Split('{')[^1].TrimEnd()} {console.LastReport}".TrimEnd(), "this is a defect of CoveJit; please report it");
        }

        return [.. lines.Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
