namespace CoveJit.Tsm.Running;

/// <summary>How often TVMs were entered, and why they exited. Thread-safe.</summary>
public sealed class ExitCounts
{
    private const int Causes = 64;
    private readonly long[] _counts = new long[2 * Causes];
    private long _entries;
    private long _servedCalls;

    /// <summary>Entries.</summary>
    public long Entries => Volatile.Read(ref _entries);

    /// <summary>SBI calls of TVMs that the TSM answered without an exit.</summary>
    public long ServedCalls => Volatile.Read(ref _servedCalls);

    /// <summary>Exits with an exception, by cause, and with an interrupt, by code; those that did not occur are left out.</summary>
    public IEnumerable<(bool IsInterrupt, int Cause, long Count)> Exits
    {
        get
        {
            for (int i = 0; i < _counts.Length; i++)
            {
                if (Volatile.Read(ref _counts[i]) is long count and not 0)
                {
                    yield return (i >= Causes, i % Causes, count);
                }
            }
        }
    }

    internal void Enter() => Interlocked.Increment(ref _entries);

    internal void Serve() => Interlocked.Increment(ref _servedCalls);

    internal void Exit(ulong scause) => Interlocked.Increment(ref _counts[(scause >> 63 != 0 ? Causes : 0) + (int)(scause & (Causes - 1))]);
}
