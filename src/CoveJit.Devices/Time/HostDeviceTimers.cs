using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Time;

/// <summary>Device timers for a machine whose clock follows host time. Callbacks run on the thread pool.</summary>
/// <param name="clock">The machine's clock, on which deadlines are given.</param>
public sealed class HostDeviceTimers(IClock clock) : IDeviceTimers, IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<HostTimer> _timers = [];
    private bool _disposed;

    /// <inheritdoc/>
    public IDeviceTimer Create(Action expired)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            HostTimer timer = new(clock, expired);
            _timers.Add(timer);
            return timer;
        }
    }

    /// <summary>Stops every timer; armed deadlines never come.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _timers.ForEach(timer => timer.Dispose());
            _timers.Clear();
        }
    }

    private sealed class HostTimer : IDeviceTimer, IDisposable
    {
        private const ulong NanosecondsPerMillisecond = 1_000_000;

        // The host's timer takes at most about 49 days; a later deadline is reached in several steps.
        private const ulong LongestStep = 1UL << 31;

        private readonly Lock _lock = new();
        private readonly IClock _clock;
        private readonly Action _expired;
        private readonly Timer _timer;
        private ulong? _deadline;
        private bool _disposed;

        public HostTimer(IClock clock, Action expired)
        {
            _clock = clock;
            _expired = expired;
            _timer = new Timer(static self => ((HostTimer)self!).Check(), this, Timeout.Infinite, Timeout.Infinite);
        }

        public void Arm(ulong deadline)
        {
            lock (_lock)
            {
                _deadline = deadline;
                Schedule(deadline);
            }
        }

        public void Disarm()
        {
            lock (_lock)
            {
                _deadline = null;
            }
        }

        public void Dispose()
        {
            lock (_lock)
            {
                _disposed = true;
                _deadline = null;
                _timer.Dispose();
            }
        }

        private void Check()
        {
            lock (_lock)
            {
                if (_deadline is not ulong deadline)
                {
                    return;
                }

                if (_clock.RealTime < deadline)
                {
                    Schedule(deadline);
                    return;
                }

                _deadline = null;
            }

            _expired();
        }

        private void Schedule(ulong deadline)
        {
            if (!_disposed)
            {
                ulong now = _clock.RealTime;
                ulong wait = deadline <= now ? 0 : Math.Min(((deadline - now - 1) / NanosecondsPerMillisecond) + 1, LongestStep);
                _timer.Change((long)wait, Timeout.Infinite);
            }
        }
    }
}
