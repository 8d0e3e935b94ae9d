using CoveJit.Devices.Time;
using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Harts.State;
using CoveJit.Machines.Time;

namespace CoveJit.Machines.Running;

/// <summary>All harts in turn on one thread, on virtual time: the same inputs give the same run, instruction for instruction.</summary>
internal sealed class RoundRobinScheduler(Hart[] harts, CodeCache code, InstructionClock clock, VirtualDeviceTimers timers) : IHartScheduler
{
    private const ulong Quantum = 10_000;

    // With no timer armed only the outside world can wake the guest; look for it this often.
    private const int OutsidePollMilliseconds = 1;

    private volatile bool _stopping;
    private bool _allIdle = true;
    private ulong _left;

    /// <summary>The hart whose slice is next, or has begun.</summary>
    public int Current { get; private set; }

    /// <inheritdoc/>
    public void Run()
    {
        while (RunSlice(Quantum))
        {
        }
    }

    /// <summary>Runs the current hart's slice, or goes on with it; when it is over, the next hart's turn has come.</summary>
    /// <param name="most">Instructions to execute at most: a part of the slice.</param>
    /// <returns>False if the machine has stopped.</returns>
    public bool RunSlice(ulong most)
    {
        Hart hart = harts[Current];
        if (_left == 0)
        {
            timers.RunDue();
            _left = Math.Min(Quantum, Math.Max(1, clock.InstructionsUntil(EarliestDeadline())));
        }

        ulong budget = Math.Min(_left, most);
        ulong before = Retired(hart);
        SliceEnd end = hart.RunSlice((long)budget);
        if (end == SliceEnd.CodeCacheFull)
        {
            code.Reset();
        }

        _left = end == SliceEnd.Budget && Retired(hart) - before == budget ? _left - budget : 0;
        if (_left == 0)
        {
            _allIdle &= end == SliceEnd.Idle;
            if (++Current == harts.Length)
            {
                if (_allIdle && !_stopping)
                {
                    SkipIdleTime();
                }

                Current = 0;
                _allIdle = true;
            }
        }

        return !_stopping;
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

    private static unsafe ulong Retired(Hart hart) => hart.State->InstructionsRetired;

    private void SkipIdleTime()
    {
        ulong deadline = EarliestDeadline();
        if (deadline != ulong.MaxValue)
        {
            clock.SkipTo(deadline);
        }
        else
        {
            Thread.Sleep(OutsidePollMilliseconds);
        }
    }

    private ulong EarliestDeadline()
    {
        ulong earliest = ulong.MaxValue;
        if (timers.NextDeadline is ulong nanoseconds)
        {
            ulong now = clock.RealTime;
            earliest = clock.Ticks + ((nanoseconds > now ? nanoseconds - now : 0) / BoardTime.NanosecondsPerTick) + 1;
        }

        foreach (Hart hart in harts)
        {
            if (!hart.Halted)
            {
                earliest = Math.Min(earliest, hart.NextDeadline);
            }
        }

        return earliest;
    }
}
