using CoveJit.Harts;
using CoveJit.Harts.Timing;
using CoveJit.Harts.Traps;

namespace CoveJit.Monitor.Pmu;

/// <summary>
/// The logical counters of one hart (SBI 3.0, "Performance Monitoring Unit Extension"). Hardware counters come first, each at the number of
/// its CSR (cycle 0, instret 2, hpmcounter3...; 1 is time and no counter), then the firmware's. For the hart's own thread, but for
/// <see cref="Counts"/>. Invariant: a programmable counter runs only while it is configured and started; cycle and instret run freely until
/// they are first stopped, as M-mode leaves them at boot.
/// </summary>
internal sealed class HartPmu
{
    /// <summary>Firmware counters of each hart.</summary>
    public const int FirmwareCounters = 16;

    /// <summary>Size in bytes of the snapshot memory, and its alignment.</summary>
    public const ulong SnapshotSize = 4096;

    private const int Cycle = 0;
    private const int Time = 1;
    private const int Instret = 2;
    private const int FirstProgrammable = 3;
    private const ulong OverflowFlag = 1UL << 63; // mhpmevent.OF
    private const ulong LocalOverflowPending = 1UL << InterruptCode.CounterOverflow;

    private readonly Hart _hart;
    private readonly int _hardware;
    private readonly PmuEvent?[] _events;
    private readonly bool[] _started;
    private readonly ulong[] _value = new ulong[FirmwareCounters]; // of a firmware counter when it last started or stopped
    private readonly ulong[] _since = new ulong[FirmwareCounters]; // the event's count at that time

    public HartPmu(Hart hart)
    {
        _hart = hart;
        _hardware = FirstProgrammable + hart.Configuration.PerformanceCounters;
        _events = new PmuEvent?[_hardware + FirmwareCounters];
        _started = new bool[_events.Length];
        Counts = new FirmwareCounts(hart);
    }

    /// <summary>The firmware's events on this hart; thread-safe to add to.</summary>
    public FirmwareCounts Counts { get; }

    /// <summary>One more than the highest counter number.</summary>
    public int Count => _events.Length;

    /// <summary>Physical address of the snapshot memory, or null if none is set. Checked when it was set, and before each use.</summary>
    public ulong? Snapshot { get; set; }

    /// <summary>Whether a number names a counter.</summary>
    public bool IsCounter(ulong index) => index < (ulong)Count && index != Time;

    /// <summary>Whether a number names a firmware counter.</summary>
    public bool IsFirmware(ulong index) => index >= (ulong)_hardware && index < (ulong)Count;

    /// <summary>Whether a counter is started.</summary>
    public bool IsStarted(int index) => _started[index];

    /// <summary>Whether a counter is cycle or instret, whose event is fixed.</summary>
    public static bool IsFixed(int index) => index < FirstProgrammable;

    /// <summary>Whether a counter is neither started nor configured for an event.</summary>
    public bool IsFree(int index) => !_started[index] && _events[index] is null;

    /// <summary>Whether a counter has an event to count; cycle and instret always have.</summary>
    public bool IsConfigured(int index) => IsFixed(index) || _events[index] is not null;

    /// <summary>Whether a counter can count an event at all, busy or not.</summary>
    public bool CanCount(int index, PmuEvent selected) => index switch
    {
        Cycle => selected == new PmuEvent(false, (ulong)HartEvent.Cycles),
        Instret => selected == new PmuEvent(false, (ulong)HartEvent.Instructions),
        _ => selected.IsFirmware == IsFirmware((ulong)index),
    };

    /// <summary>Stops every counter and forgets its event, as at a reset; cycle and instret run.</summary>
    public void Reset()
    {
        Snapshot = null;
        Array.Clear(_events);
        Array.Clear(_started);
        Array.Clear(_value);
        for (int i = FirstProgrammable; i < _hardware; i++)
        {
            _hart.Counters.WriteEvent(i, 0);
            _hart.Counters.Write(i, 0);
        }

        _hart.Counters.WriteInhibit(_hart.Counters.Implemented & ~7u);
    }

    /// <summary>Gives a stopped counter an event.</summary>
    /// <param name="index">A counter that <see cref="CanCount"/> says can count it.</param>
    /// <param name="selected">The event.</param>
    /// <param name="inhibits">Mode filter bits of mhpmevent; hints, which cycle, instret and firmware counters ignore.</param>
    public void Configure(int index, PmuEvent selected, ulong inhibits)
    {
        Stop(index);
        _events[index] = selected;
        if (index is >= FirstProgrammable && index < _hardware)
        {
            _hart.Counters.WriteEvent(index, selected.Selector | inhibits);
        }
    }

    /// <summary>Reads a counter.</summary>
    public ulong Read(int index)
    {
        if (index < _hardware)
        {
            return _hart.Counters.Read(index);
        }

        int i = index - _hardware;
        return _value[i] + (_started[index] ? Counted(index) - _since[i] : 0);
    }

    /// <summary>Sets a counter that is not started.</summary>
    public void Write(int index, ulong value)
    {
        if (index >= _hardware)
        {
            _value[index - _hardware] = value;
            return;
        }

        // The ecall does not retire; a write while the counter runs would allow for an instruction that does.
        uint inhibit = _hart.Counters.Inhibit;
        _hart.Counters.WriteInhibit(inhibit | (1u << index));
        _hart.Counters.Write(index, value);
        _hart.Counters.WriteInhibit(inhibit);
    }

    /// <summary>Starts a configured counter that is not started.</summary>
    public void Start(int index)
    {
        _started[index] = true;
        if (index >= _hardware)
        {
            _since[index - _hardware] = Counted(index);
            return;
        }

        // Clearing OF arms the interrupt again, unless the last one has not been looked at.
        if (index >= FirstProgrammable && (_hart.Mip & LocalOverflowPending) == 0)
        {
            _hart.Counters.WriteEvent(index, _hart.Counters.ReadEvent(index) & ~OverflowFlag);
        }

        _hart.Counters.WriteInhibit(_hart.Counters.Inhibit & ~(1u << index));
    }

    /// <summary>Stops a counter; one that is not started stays as it is.</summary>
    public void Stop(int index)
    {
        if (!_started[index])
        {
            return;
        }

        if (index >= _hardware)
        {
            _value[index - _hardware] = Read(index);
        }
        else
        {
            _hart.Counters.WriteInhibit(_hart.Counters.Inhibit | (1u << index));
        }

        _started[index] = false;
    }

    /// <summary>Takes a stopped counter's event away, so that it can be configured for another; cycle and instret run freely again.</summary>
    public void Release(int index)
    {
        _events[index] = null;
        if (index >= _hardware)
        {
            return;
        }

        if (index >= FirstProgrammable)
        {
            _hart.Counters.WriteEvent(index, 0);
        }
        else
        {
            _hart.Counters.WriteInhibit(_hart.Counters.Inhibit & ~(1u << index));
        }
    }

    /// <summary>Bit n: hardware counter n has overflowed since it was last started.</summary>
    public ulong Overflowed() => _hart.Counters.Overflowed;

    private ulong Counted(int index) => _events[index] is PmuEvent selected ? Counts.Read((FirmwareEvent)selected.Selector) : 0;
}
