using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Harts.State;

namespace CoveJit.Machines.Running;

/// <summary>One host thread for each hart; a hart that waits sleeps.</summary>
internal sealed class ThreadScheduler(Hart[] harts, CodeCache code) : IHartScheduler
{
    // Long enough that leaving and entering cost nothing, short enough that a hold need not interrupt it.
    private const long SliceInstructions = 50_000_000;

    private readonly Lock _exclusive = new();
    private volatile bool _stopping;
    private Exception? _failure;

    /// <inheritdoc/>
    public void Run()
    {
        Thread[] threads = [.. harts.Select(hart => new Thread(() => RunGuarded(hart)) { Name = $"hart {hart.Id}", IsBackground = true })];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        if (_failure is not null)
        {
            throw new InvalidOperationException($"internal error: {_failure.Message}", _failure);
        }
    }

    /// <inheritdoc/>
    public void Stop()
    {
        _stopping = true;
        foreach (Hart hart in harts)
        {
            hart.RaiseAttention(Attention.Stop);
        }
    }

    private void RunGuarded(Hart hart)
    {
        try
        {
            RunHart(hart);
        }
#pragma warning disable CA1031 // Whatever goes wrong in one hart's thread must stop the machine, not the process.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _failure = e;
            Stop();
        }
    }

    private void RunHart(Hart hart)
    {
        while (!_stopping)
        {
            switch (hart.RunSlice(SliceInstructions))
            {
                case SliceEnd.Idle:
                    hart.Sleep();
                    break;
                case SliceEnd.Stopped:
                    hart.AwaitRelease();
                    break;
                case SliceEnd.CodeCacheFull:
                    EmptyCodeCache(hart);
                    break;
                default:
                    Thread.Yield();
                    break;
            }
        }
    }

    private void EmptyCodeCache(Hart self)
    {
        lock (_exclusive)
        {
            if (!code.IsFull)
            {
                return; // another hart was faster
            }

            foreach (Hart hart in harts)
            {
                if (hart != self)
                {
                    hart.Hold();
                }
            }

            code.Reset();
            foreach (Hart hart in harts)
            {
                if (hart != self)
                {
                    hart.Release();
                }
            }
        }
    }
}
