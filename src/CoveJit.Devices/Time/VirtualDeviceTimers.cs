using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Time;

/// <summary>
/// Device timers for a machine on virtual time: nothing happens by itself. The scheduler of harts asks for the next deadline,
/// runs harts no further than it, and calls <see cref="RunDue"/>, so that the same inputs give the same run.
/// </summary>
/// <param name="clock">The machine's clock, on which deadlines are given.</param>
public sealed class VirtualDeviceTimers(IClock clock) : IDeviceTimers
{
    private readonly Lock _lock = new();
    private readonly List<VirtualTimer> _timers = [];

    /// <summary>The earliest armed deadline in nanoseconds of <see cref="IClock.RealTime"/>, or null.</summary>
    public ulong? NextDeadline
    {
        get
        {
            lock (_lock)
            {
                return Earliest()?.Deadline;
            }
        }
    }

    /// <inheritdoc/>
    public IDeviceTimer Create(Action expired)
    {
        VirtualTimer timer = new(_lock, expired);
        lock (_lock)
        {
            _timers.Add(timer);
        }

        return timer;
    }

    /// <summary>
    /// Runs the callbacks of all deadlines that have passed, earliest first, ties in order of creation. A callback that arms
    /// its timer for the past anew is run at the next call, so that a call always ends.
    /// </summary>
    public void RunDue()
    {
        ulong now = clock.RealTime;
        for (int budget = TimerCount(); budget > 0; budget--)
        {
            Action expired;
            lock (_lock)
            {
                if (Earliest() is not { } timer || timer.Deadline > now)
                {
                    return;
                }

                timer.Deadline = null;
                expired = timer.Expired;
            }

            expired();
        }
    }

    private int TimerCount()
    {
        lock (_lock)
        {
            return _timers.Count;
        }
    }

    private VirtualTimer? Earliest()
    {
        VirtualTimer? earliest = null;
        foreach (VirtualTimer timer in _timers)
        {
            if (timer.Deadline is ulong deadline && (earliest is null || deadline < earliest.Deadline))
            {
                earliest = timer;
            }
        }

        return earliest;
    }

    private sealed class VirtualTimer(Lock owner, Action expired) : IDeviceTimer
    {
        public ulong? Deadline { get; set; }

        public Action Expired { get; } = expired;

        public void Arm(ulong deadline)
        {
            lock (owner)
            {
                Deadline = deadline;
            }
        }

        public void Disarm()
        {
            lock (owner)
            {
                Deadline = null;
            }
        }
    }
}
