using CoveJit.Fuzz.Generation;
using CoveJit.Fuzz.Harness;
using CoveJit.Fuzz.Targets;

namespace CoveJit.Fuzz.Comparison;

/// <summary>Runs segments on both machines and says which differ.</summary>
public sealed class Comparer(ITarget a, ITarget b, TimeSpan timeout, int loops = 1)
{
    public ITarget A => a;

    public ITarget B => b;

    public (RunResult A, RunResult B) Run(IReadOnlyList<Segment> segments, MachineProfile profile, Func<int, bool> fullDump)
    {
        byte[] image = ProgramImage.Build(segments, fullDump, loops).Elf;
        Task<RunResult> first = Task.Run(() => RunResult.Parse(a.Run(image, profile, timeout)));
        RunResult second = RunResult.Parse(b.Run(image, profile, timeout));
        return (first.GetAwaiter().GetResult(), second);
    }

    /// <summary>Number of the last checkpoint of a segment, the one that a full dump is for.</summary>
    public int LastCheckpoint(int segment, int segments) => ((loops - 1) * segments) + segment;

    /// <summary>
    /// Numbers of the segments of which a checkpoint differs. A machine that stops early differs in the first segment it
    /// did not finish; what would have come after is unknown and not counted.
    /// </summary>
    public List<int> Differences(RunResult a, RunResult b, int segments)
    {
        SortedSet<int> result = [];
        int common = Math.Min(a.Hashes.Count, b.Hashes.Count);
        for (int i = 0; i < common; i++)
        {
            if (a.Hashes[i] != b.Hashes[i])
            {
                result.Add(i % segments);
            }
        }

        if (common < segments * loops)
        {
            result.Add(common % segments);
        }

        return [.. result];
    }
}
