using System.Diagnostics;

namespace CoveJit.Tsm.Abi;

/// <summary>How often a function was called, and the host's time for it. Thread-safe.</summary>
public sealed class CoveCount
{
    private long _calls;
    private long _failures;
    private long _ticks;

    /// <summary>Calls.</summary>
    public long Calls => Volatile.Read(ref _calls);

    /// <summary>Calls that returned an error.</summary>
    public long Failures => Volatile.Read(ref _failures);

    /// <summary>Time of the host that they took. That of <c>run_tvm_vcpu</c> ends when the TVM begins.</summary>
    public TimeSpan HostTime => Stopwatch.GetElapsedTime(0, Volatile.Read(ref _ticks));

    internal void Add(long ticks, bool failed)
    {
        Interlocked.Increment(ref _calls);
        Interlocked.Add(ref _ticks, ticks);
        if (failed)
        {
            Interlocked.Increment(ref _failures);
        }
    }
}
