using CoveJit.Machines.Options;

namespace CoveJit.Machines.Inspection;

/// <summary>Two machines from the same options, one with the tiers asked for and one with the interpreter alone, that take the same steps.</summary>
internal sealed class MachinePair : IDisposable
{
    private readonly ConsoleTally _translatedConsole;
    private readonly ConsoleTally _interpretedConsole;
    private readonly List<StateDifference> _differences = [];

    /// <summary>Makes the machines.</summary>
    /// <param name="options">What they are made from.</param>
    /// <param name="host">Gets what the translating machine writes, or null if nobody shall hear of it.</param>
    /// <param name="prepare">Is done to the translating machine before it runs.</param>
    public MachinePair(MachineOptions options, IMachineHost? host, Action<Machine>? prepare)
    {
        _translatedConsole = new ConsoleTally(host);
        _interpretedConsole = new ConsoleTally(null);
        MachineOptions quiet = options with { Trace = TraceKinds.None, DumpAsm = null, Profile = false, PerfMap = false };
        Interpreted = new Machine(quiet with { Tiers = Tiers.None }, _interpretedConsole);
        try
        {
            Translated = new Machine(host is null ? quiet : options, _translatedConsole);
            prepare?.Invoke(Translated);
        }
        catch
        {
            Interpreted.Dispose();
            throw;
        }
    }

    /// <summary>The machine under test.</summary>
    public Machine Translated { get; }

    /// <summary>The machine that is right.</summary>
    public Machine Interpreted { get; }

    /// <summary>Pages of RAM that are compared at each step beside the harts.</summary>
    public IReadOnlyList<ulong> WatchedPages { get; init; } = [];

    /// <summary>Instructions that the interpreter has retired in all harts.</summary>
    public unsafe ulong Instructions
    {
        get
        {
            ulong sum = 0;
            foreach (Harts.Hart hart in Interpreted.Harts)
            {
                sum += hart.State->InstructionsRetired;
            }

            return sum;
        }
    }

    /// <summary>Runs the next slice of a hart, or a part of it, on both machines.</summary>
    /// <returns>False if they have ended.</returns>
    public bool Step(ulong most = ulong.MaxValue) => Translated.RunSlice(most) & Interpreted.RunSlice(most);

    /// <summary>The differences there are now, those of watched pages included. The list is good until the next call.</summary>
    public IReadOnlyList<StateDifference> Compare()
    {
        _differences.Clear();
        for (int i = 0; i < Translated.Harts.Count; i++)
        {
            StateComparison.CompareHarts(Translated.Harts[i], Interpreted.Harts[i], _differences);
        }

        StateComparison.ComparePages(Translated.Ram, Interpreted.Ram, WatchedPages, _differences);
        if (_translatedConsole.Bytes != _interpretedConsole.Bytes || _translatedConsole.Hash != _interpretedConsole.Hash)
        {
            _differences.Add(new StateDifference("bytes of console output", _translatedConsole.Bytes, _interpretedConsole.Bytes));
        }

        if (Translated.Ended != Interpreted.Ended)
        {
            _differences.Add(new StateDifference("the machine has ended", Translated.Ended is null ? 0UL : 1, Interpreted.Ended is null ? 0UL : 1));
        }

        return _differences;
    }

    /// <summary>Pages of RAM that differ; the first few.</summary>
    public List<ulong> ComparePages() => StateComparison.ComparePages(Translated.Ram, Interpreted.Ram);

    /// <inheritdoc/>
    public void Dispose()
    {
        Translated.Dispose();
        Interpreted.Dispose();
    }

    // What a machine has written: that must be equal too, and it is what a device sees of the guest.
    private sealed class ConsoleTally(IMachineHost? host) : IMachineHost
    {
        public ulong Bytes { get; private set; }

        public ulong Hash { get; private set; }

        public void ConsoleWrite(ReadOnlySpan<byte> bytes)
        {
            foreach (byte b in bytes)
            {
                Hash = (Hash ^ b) * 0x100_0000_01B3; // FNV
            }

            Bytes += (ulong)bytes.Length;
            host?.ConsoleWrite(bytes);
        }

        public void Report(string line) => host?.Report(line);
    }
}
