using System.Globalization;
using System.Text;
using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Isa;
using CoveJit.Machines.Options;

namespace CoveJit.Machines.Inspection;

/// <summary>
/// <c>--check</c>: runs a machine with its translating tiers and the same machine on the interpreter alone, in step, and stops at the first difference.
/// </summary>
/// <remarks>
/// The state of all harts is compared after each slice, all of RAM now and then. Runs repeat exactly, so a difference is narrowed down by running again
/// up to the last point where all was equal, and from there block by block. Some mistakes show only where translated code runs on from block to
/// block: then in the largest parts that show it.
/// </remarks>
public sealed class Lockstep : IDisposable
{
    // Comparing RAM shall take a small part of the time: a byte for each so many instructions, and not too often.
    private const ulong InstructionsPerByte = 8;
    private const ulong LeastMemoryInterval = 1UL << 26;

    // Parts of a slice that are tried, after single blocks.
    private static readonly ulong[] Parts = [100, 1000, ulong.MaxValue];

    private readonly MachineOptions _options;
    private readonly IMachineHost _host;
    private readonly Action<Machine>? _prepare;
    private readonly MachinePair _first;
    private volatile bool _stopping;

    /// <summary>Makes both machines.</summary>
    /// <param name="options">What they are made from; its tiers are what is checked.</param>
    /// <param name="host">Hears of the translating machine.</param>
    public Lockstep(MachineOptions options, IMachineHost host)
        : this(options, host, null)
    {
    }

    /// <summary>As above, with something done to each translating machine before it runs: tests break it.</summary>
    internal Lockstep(MachineOptions options, IMachineHost host, Action<Machine>? prepare)
    {
        _options = options with { InstructionCount = true, Check = true };
        _host = host;
        _prepare = prepare;
        _first = new MachinePair(_options, host, prepare);
    }

    /// <summary>The machine with translating tiers.</summary>
    public Machine Machine => _first.Translated;

    /// <summary>Instructions executed, by all harts, and found equal.</summary>
    public ulong Instructions { get; private set; }

    /// <summary>The report on the difference that ended the run, or null if there was none.</summary>
    public string? Difference { get; private set; }

    /// <summary>Runs until the guest ends, or there is a difference.</summary>
    public MachineEnd Run()
    {
        ulong memoryInterval = Math.Max(LeastMemoryInterval, _options.MemorySize / InstructionsPerByte);
        ulong memoryDue = memoryInterval;
        long slices = 0;
        bool goesOn = true;
        while (goesOn && !_stopping)
        {
            goesOn = _first.Step();
            bool differs = _first.Compare().Count > 0;
            List<ulong> pages = [];
            if (differs || !goesOn || _first.Instructions >= memoryDue)
            {
                memoryDue = _first.Instructions + memoryInterval;
                pages = _first.ComparePages();
            }

            if (differs || pages.Count > 0)
            {
                Difference = Narrow(slices, pages);
                return new MachineEnd(MachineEndKind.Stopped);
            }

            Instructions = _first.Instructions;
            slices++;
        }

        return _first.Translated.Ended ?? new MachineEnd(MachineEndKind.Stopped);
    }

    /// <summary>Stops the run. Thread-safe; does not wait.</summary>
    public void Stop() => _stopping = true;

    /// <inheritdoc/>
    public void Dispose() => _first.Dispose();

    // Finds out what in the run up to a slice made the difference, and writes the report.
    private string Narrow(long slice, List<ulong> pages)
    {
        _host.Report(string.Create(CultureInfo.InvariantCulture, $"the translator and the interpreter differ after {_first.Instructions} instructions; running again to find where"));
        ulong end = _first.Instructions;
        List<StateDifference> differences = [.. _first.Compare()];
        StateComparison.ComparePages(_first.Translated.Ram, _first.Interpreted.Ram, pages, differences);
        if (pages.Count > 0)
        {
            // Memory is not compared all the time: the difference may be older.
            using MachinePair again = RunAgain(slice + 1, pages, out slice);
            end = again.Instructions;
        }

        foreach (ulong part in (ReadOnlySpan<ulong>)[0, .. Parts])
        {
            if (FindPart(slice, end, pages, part) is string report)
            {
                return report;
            }
        }

        return Describe("the run did not repeat: it differs no more", end, differences, null);
    }

    // Runs a number of slices, or up to the first that ends with a difference.
    private MachinePair RunAgain(long slices, List<ulong> pages, out long run)
    {
        MachinePair pair = new(_options, null, _prepare) { WatchedPages = pages };
        for (run = 0; run < slices && !_stopping; run++)
        {
            if (!pair.Step() || pair.Compare().Count > 0)
            {
                break;
            }
        }

        return pair;
    }

    // Runs up to a slice, and then in parts; 0 stands for single blocks. Null if no difference shows.
    private unsafe string? FindPart(long slice, ulong end, List<ulong> pages, ulong part)
    {
        using MachinePair pair = RunAgain(slice, pages, out _);
        bool goesOn = true;
        while (goesOn && pair.Instructions < end && !_stopping)
        {
            Hart hart = pair.Translated.CurrentHart;
            ulong pc = hart.Pc;
            ulong before = pair.Instructions;
            Block* block = GuestCode.BlockAtPc(hart);
            string tier = GuestCode.TierOf(block);
            List<(ulong Pc, DecodedInstruction Instruction)> listing = block == null ? [] : GuestCode.InstructionsOf(block, pc, hart.Configuration.Extensions);
            goesOn = pair.Step(part != 0 ? part : block == null ? 1UL : block->Count);
            if (pair.Compare() is { Count: > 0 } differences)
            {
                ulong length = pair.Instructions - before;
                string what = part == 0
                    ? string.Create(CultureInfo.InvariantCulture, $"hart {hart.Id} executed the block at {Place(pc)}, {length} instructions, by {tier}")
                    : string.Create(CultureInfo.InvariantCulture, $"hart {hart.Id} executed {length} instructions from {Place(pc)}, beginning with {tier}; single blocks make no difference");
                return Describe(what, before, differences, part == 0 ? listing : Trace(slice, pages, before, part, length));
            }
        }

        return null;
    }

    // The instructions of a part as the interpreter executes them one by one.
    private List<(ulong Pc, DecodedInstruction Instruction)> Trace(long slice, List<ulong> pages, ulong start, ulong part, ulong length)
    {
        using MachinePair pair = RunAgain(slice, pages, out _);
        while (pair.Instructions < start && !_stopping && pair.Step(part))
        {
        }

        Hart hart = pair.Interpreted.CurrentHart;
        List<(ulong, DecodedInstruction)> trace = [];
        for (ulong i = 0; i < length; i++)
        {
            trace.Add((hart.Pc, GuestCode.InstructionAtPc(hart)));
            pair.Interpreted.RunSlice(1);
        }

        return trace;
    }

    private string Describe(string what, ulong equalUntil, IReadOnlyList<StateDifference> differences, List<(ulong Pc, DecodedInstruction Instruction)>? listing)
    {
        const int MostLines = 60;
        StringBuilder text = new();
        text.AppendLine("the translator and the interpreter differ");
        text.AppendLine(CultureInfo.InvariantCulture, $"  all was equal after {equalUntil} instructions; then {what}");
        if (listing is { Count: > 0 })
        {
            // The last write of a register that came out wrong: the mistake is there, or in what that reads.
            int suspect = listing.FindLastIndex(line => differences.Any(difference => GuestCode.Writes(line.Instruction, difference.Name)));
            text.AppendLine();
            int first = Math.Max(0, listing.Count - MostLines);
            for (int i = first; i < listing.Count; i++)
            {
                string line = GuestCode.Line(listing[i].Pc, listing[i].Instruction, _first.Translated.Configuration);
                text.Append(i == suspect ? "  -> " : "     ").AppendLine(line);
            }

            if (suspect >= 0)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"  -> is the last to write a register that differs: {Place(listing[suspect].Pc)}");
            }
        }

        text.AppendLine();
        int width = differences.Max(difference => difference.Name.Length);
        text.AppendLine(CultureInfo.InvariantCulture, $"  {string.Empty.PadRight(width)}  {"translator",-18}  interpreter");
        foreach (StateDifference difference in differences)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {difference.Name.PadRight(width)}  0x{difference.Translated:x16}  0x{difference.Interpreted:x16}");
        }

        return text.ToString();
    }

    private string Place(ulong pc) => _first.Translated.Symbols.TryFind(pc, out _, out _)
        ? string.Create(CultureInfo.InvariantCulture, $"0x{pc:x} ({_first.Translated.Symbols.Symbolize(pc)})")
        : string.Create(CultureInfo.InvariantCulture, $"0x{pc:x}");
}
