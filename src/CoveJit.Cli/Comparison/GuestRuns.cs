using System.Runtime.InteropServices;
using CoveJit.Guests;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;

namespace CoveJit.Cli.Comparison;

/// <summary>What comparisons of a guest in several placements have in common: the guest, and the turns that placements take.</summary>
/// <param name="guest">The guest: a name, or the path of a description.</param>
/// <param name="instructionClock">Whether time is derived from instructions.</param>
internal sealed class GuestRuns(string guest, bool instructionClock)
{
    /// <summary>The guest's RAM, wherever it runs.</summary>
    public const ulong GuestMemory = 512UL << 20;

    /// <summary>The mend of what must not happen.</summary>
    public const string Defect = "this is a defect of CoveJit; please report it";

    /// <summary>What is to be said of a comparison.</summary>
    /// <param name="started">When it began.</param>
    /// <param name="repeat">Runs in each placement.</param>
    /// <param name="seconds">Seconds of each phase.</param>
    public ComparisonRun Describe(DateTime started, int repeat, double seconds) => new(
        typeof(GuestRuns).Assembly.GetName().Version!.ToString(3),
        $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}",
        Environment.ProcessorCount,
        started,
        guest,
        GuestMemory,
        repeat,
        seconds,
        instructionClock);

    /// <summary>The machine with the guest, told what to do.</summary>
    /// <remarks>No translations of earlier runs: the first run would differ from the others. What the guest would run by itself is not wanted.</remarks>
    public MachineOptions Guest(string commands) =>
        GuestSelection.Apply(new MachineOptions { MemorySize = GuestMemory, InstructionCount = instructionClock, NoReboot = true }, guest) with
        {
            Append = $"quiet covejit.run=\"{commands}\"",
        };

    /// <summary>Runs each placement, several times, in turn.</summary>
    /// <param name="placements">The placements.</param>
    /// <param name="repeat">How many times.</param>
    /// <param name="nameOf">A placement's name.</param>
    /// <param name="run">A run: of a placement, with a path for an image, and the number of the turn.</param>
    /// <param name="progress">Told of each run.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="LoadException">A guest is not built, or it failed.</exception>
    public IReadOnlyDictionary<TPlacement, IReadOnlyList<TRun>> TakeTurns<TPlacement, TRun>(
        IReadOnlyList<TPlacement> placements, int repeat, Func<TPlacement, string> nameOf, Func<TPlacement, string, int, TRun> run, Action<string> progress, CancellationToken cancellation)
        where TPlacement : notnull
    {
        Dictionary<TPlacement, IReadOnlyList<TRun>> runs = [];
        if (placements.Count == 0)
        {
            return runs;
        }

        if (guest == GuestBuilder.NameOf(GuestKind.Bench))
        {
            _ = GuestSelection.Current(GuestKind.Bench); // what another version says cannot be read
        }

        DirectoryInfo work = Directory.CreateTempSubdirectory("covejit-compare-");
        try
        {
            // The emulator's own code is compiled as it is needed; a first run would pay for the others.
            progress("warming up");
            _ = VmRun.Execute(Guest("true"), GuestPlacement.Bare, cancellation);
            for (int turn = 0; turn < repeat; turn++)
            {
                foreach (TPlacement placement in placements)
                {
                    cancellation.ThrowIfCancellationRequested();
                    progress($"run {turn + 1} of {repeat}: {nameOf(placement)}");
                    runs[placement] = [.. runs.GetValueOrDefault(placement) ?? [], run(placement, Path.Combine(work.FullName, "disk.img"), turn)];
                }
            }
        }
        finally
        {
            work.Delete(recursive: true);
        }

        return runs;
    }
}
