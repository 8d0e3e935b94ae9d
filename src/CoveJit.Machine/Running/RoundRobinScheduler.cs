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

    /// <inheritdoc/>
    public void Run()
    {
        while (!_stopping)
        {
            bool idle = true;
            foreach (Hart hart in harts)
            {
                timers.RunDue();
                ulong untilDeadline = Math.Max(1, clock.InstructionsUntil(EarliestDeadline()));
                SliceEnd end = hart.RunSlice((long)Math.Min(Quantum, untilDeadline));
                idle &= end == SliceEnd.Idle;
                if (end == SliceEnd.CodeCacheFull)
                {
                    code.Reset();
                }

                if (_stopping)
                {
                    return;
                }
            }

            if (idle)
            {
                SkipIdleTime();
            }
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
