using CoveJit.Fuzz.Generation;
using CoveJit.Fuzz.Harness;
using CoveJit.Fuzz.Targets;

namespace CoveJit.Fuzz.Comparison;

/// <summary>A run of many programs: generate, compare, reduce, report, count.</summary>
public sealed class Campaign(Options options, ITarget a, ITarget b, TextWriter log)
{
    private readonly Comparer _comparer = new(a, b, options.Timeout, options.Loops);
    private readonly SortedDictionary<string, long> _operations = new(StringComparer.Ordinal);
    private readonly ulong[] _traps = new ulong[HarnessCode.TrapCounters];
    private int _reports;

    /// <summary>Runs everything and returns the number of differing segments.</summary>
    public long Run()
    {
        long instructions = 0, differences = 0, segments = 0;
        int programs = 0;
        for (int index = options.Program ?? 0; instructions < options.Instructions; index++)
        {
            GeneratedProgram program = GeneratedProgram.Generate(options.Seed, index, options.Mix, (int)Math.Min(options.Instructions - instructions, int.MaxValue));
            (RunResult first, RunResult second) = _comparer.Run(program.Segments, program.Profile, i => i == program.Segments.Count - 1);
            if (!first.Finished && !second.Finished && first.Hashes.Count == 0 && second.Hashes.Count == 0)
            {
                throw new InvalidOperationException($"program {index}: neither machine finished a single segment within {options.Timeout}.");
            }

            List<int> differing = _comparer.Differences(first, second, program.Segments.Count);
            foreach (int segment in differing)
            {
                differences++;
                Report(program, segment);
            }

            Count(program, first);
            instructions += program.InstructionCount;
            segments += program.Segments.Count;
            programs++;
            if (options.Program is not null)
            {
                break;
            }
        }

        if (options.Histogram)
        {
            WriteHistogram(segments);
        }

        log.WriteLine($"{instructions} instructions, {programs} programs, {differences} differences");
        return differences;
    }

    private void Report(GeneratedProgram program, int index)
    {
        if (_reports++ >= options.MaximumReports)
        {
            return;
        }

        Segment original = program.Segments[index];
        Segment? reduced = new Reducer(_comparer, program.Profile).Reduce(original);
        string report = DifferenceReport.Write(program, index, reduced ?? original, reduced is not null, _comparer);
        log.WriteLine(report);
        string stem = Path.Combine(options.Output, $"seed{program.Seed}-program{program.Index}-segment{index}");
        Directory.CreateDirectory(options.Output);
        File.WriteAllText(stem + ".txt", report);
        IReadOnlyList<Segment> kept = reduced is null ? [.. program.Segments.Take(index + 1)] : [reduced];
        File.WriteAllBytes(stem + ".elf", ProgramImage.Build(kept, i => i == kept.Count - 1, options.Loops).Elf);
    }

    private void Count(GeneratedProgram program, RunResult result)
    {
        for (int i = 0; i < result.TrapCounts.Count && i < _traps.Length; i++)
        {
            _traps[i] += result.TrapCounts[i];
        }

        if (!options.Histogram)
        {
            return;
        }

        foreach (string text in program.Segments.SelectMany(s => s.Items).SelectMany(i => i.Instructions).Select(i => i.Text))
        {
            string name = text.Split(' ', 2)[0];
            _operations[name] = _operations.GetValueOrDefault(name) + 1;
        }
    }

    private void WriteHistogram(long segments)
    {
        log.WriteLine($"{segments} segments; operations generated:");
        foreach (string[] row in _operations.OrderByDescending(o => o.Value).Select(o => $"{o.Key} {o.Value}").Chunk(8))
        {
            log.WriteLine("  " + string.Join(", ", row));
        }

        log.WriteLine($"traps on {a.Name}:");
        for (int i = 0; i < _traps.Length; i++)
        {
            if (_traps[i] != 0)
            {
                log.WriteLine($"  {((i & 32) == 0 ? "exception" : "interrupt")} {i & 31} to {(i < 64 ? "M" : "S")}: {_traps[i]}");
            }
        }
    }
}
