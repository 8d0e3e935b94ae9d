using System.Diagnostics;
using System.Text;
using CoveJit.Machines;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;

namespace CoveJit.Cli.Comparison;

/// <summary>One run of a machine, whose clocks and counters are read whenever the console shows a mark.</summary>
/// <remarks>The machine has one hart: the console is written on its thread, so that nothing counts meanwhile.</remarks>
internal sealed class VmRun : IMachineHost
{
    private const string Success = "CoveJit guest ran, status 0";
    private const int LinesOfError = 3;
    private const int LongestLine = 4096;

    private readonly GuestPlacement _placement;
    private readonly StringBuilder _line = new();
    private readonly List<SampledLine> _marks = [];
    private readonly List<string> _text = [];
    private readonly Stopwatch _watch = new();
    private Machine? _machine;
    private ulong _firstTick;

    private VmRun(GuestPlacement placement) => _placement = placement;

    /// <summary>What the guest wrote, line by line.</summary>
    public IReadOnlyList<string> Text => _text;

    /// <summary>The marks among it.</summary>
    public IReadOnlyList<SampledLine> Marks => _marks;

    /// <summary>Runs a machine to its end.</summary>
    /// <param name="options">The machine.</param>
    /// <param name="placement">Where its guest runs.</param>
    /// <param name="cancellation">Stops the machine.</param>
    /// <exception cref="LoadException">The guest did not do what it was told.</exception>
    public static VmRun Execute(MachineOptions options, GuestPlacement placement, CancellationToken cancellation)
    {
        VmRun run = new(placement);
        using Machine machine = new(options, run);

        // As for covejit run: the files it was loaded from are garbage now.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        run._machine = machine;
        run._firstTick = machine.Clock.Ticks;
        run._watch.Start();
        MachineEnd end;
        using (cancellation.Register(machine.Stop))
        {
            end = machine.Run();
        }

        cancellation.ThrowIfCancellationRequested();
        return end.Kind is MachineEndKind.PowerOff && run._text.Exists(line => line.StartsWith(Success, StringComparison.Ordinal))
            ? run
            : throw new LoadException(
                $"the guest failed in the placement '{GuestPlacements.NameOf(placement)}': {string.Join(" / ", run._text.Where(line => line.Length > 0).TakeLast(LinesOfError))}",
                "see whether it runs with 'covejit run --guest bench'");
    }

    /// <inheritdoc/>
    public void ConsoleWrite(ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
        {
            if (b == '\n')
            {
                EndLine();
            }
            else if (b != '\r' && _line.Length < LongestLine)
            {
                _line.Append((char)b);
            }
        }
    }

    /// <inheritdoc/>
    public void Report(string line) => _text.Add(line);

    private void EndLine()
    {
        string line = _line.ToString();
        _line.Clear();
        _text.Add(line);
        if (GuestWindows.IsMark(line) && _machine is { } machine)
        {
            double seconds = _watch.Elapsed.TotalSeconds;
            double guest = (double)(machine.Clock.Ticks - _firstTick) / machine.Clock.Frequency;
            _marks.Add(new SampledLine(line, MachineSample.From(seconds, guest, MachineStatistics.Collect(machine), _placement, Environment.CpuUsage.TotalTime.TotalSeconds)));
        }
    }
}
