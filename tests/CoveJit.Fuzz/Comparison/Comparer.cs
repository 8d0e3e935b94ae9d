using CoveJit.Fuzz.Generation;
using CoveJit.Fuzz.Harness;
using CoveJit.Fuzz.Targets;

namespace CoveJit.Fuzz.Comparison;

/// <summary>Runs segments on both machines and says which differ.</summary>
public sealed class Comparer(ITarget a, ITarget b, TimeSpan timeout)
{
    public ITarget A => a;

    public ITarget B => b;

    public (RunResult A, RunResult B) Run(IReadOnlyList<Segment> segments, MachineProfile profile, Func<int, bool> fullDump)
    {
        byte[] image = ProgramImage.Build(segments, fullDump).Elf;
        Task<RunResult> first = Task.Run(() => RunResult.Parse(a.Run(image, profile, timeout)));
        RunResult second = RunResult.Parse(b.Run(image, profile, timeout));
        return (first.GetAwaiter().GetResult(), second);
    }

    /// <summary>
    /// Numbers of the segments whose checkpoints differ. A machine that stops early differs in the first segment it
    /// did not finish; what would have come after is unknown and not counted.
    /// </summary>
    public static List<int> Differences(RunResult a, RunResult b, int segments)
    {
        List<int> result = [];
        int common = Math.Min(a.Hashes.Count, b.Hashes.Count);
        for (int i = 0; i < common; i++)
        {
            if (a.Hashes[i] != b.Hashes[i])
            {
                result.Add(i);
            }
        }

        if (common < segments)
        {
            result.Add(common);
        }

        return result;
    }
}
