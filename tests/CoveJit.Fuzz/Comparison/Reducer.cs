using CoveJit.Fuzz.Generation;

namespace CoveJit.Fuzz.Comparison;

/// <summary>
/// Shrinks a differing segment: removes items in ever smaller chunks as long as the machines still differ. Segments are
/// independent, so all the candidates of a round run as one program.
/// </summary>
public sealed class Reducer(Comparer comparer, MachineProfile profile)
{
    /// <summary>The smallest differing segment found, or null when the segment does not differ when run alone.</summary>
    public Segment? Reduce(Segment segment)
    {
        if (!Differ([segment])[0])
        {
            return null;
        }

        int chunk = Math.Max(1, segment.Items.Count / 2);
        while (true)
        {
            List<Segment> candidates = [];
            for (int start = 0; start < segment.Items.Count; start += chunk)
            {
                candidates.Add(segment with { Items = [.. segment.Items.Take(start), .. segment.Items.Skip(start + chunk)] });
            }

            int found = candidates.Count == 0 ? -1 : Array.FindIndex(Differ(candidates), d => d);
            if (found >= 0)
            {
                segment = candidates[found];
            }
            else if (chunk == 1)
            {
                return segment;
            }
            else
            {
                chunk = Math.Max(1, chunk / 2);
            }
        }
    }

    private bool[] Differ(List<Segment> candidates)
    {
        bool[] result = new bool[candidates.Count];
        (RunResult a, RunResult b) = comparer.Run(candidates, profile, _ => false);
        int known = Math.Min(a.Hashes.Count, b.Hashes.Count);
        foreach (int i in comparer.Differences(a, b, candidates.Count))
        {
            result[i] = true;
        }

        // A crash or hang hides the candidates behind it: run those again without it.
        if (known + 1 < candidates.Count)
        {
            Differ(candidates[(known + 1)..]).CopyTo(result, known + 1);
        }

        return result;
    }
}
