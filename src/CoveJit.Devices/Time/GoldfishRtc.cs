using CoveJit.Devices.DeviceTree;
using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Time;

/// <summary>
/// The goldfish real-time clock: 64-bit nanoseconds since the Unix epoch in two halves, and one alarm with an interrupt.
/// Registers are 32 bits wide; other sizes and misaligned accesses are refused. Setting the time moves this clock alone.
/// Lock order: this device's lock, then the timer's and the interrupt line's.
/// </summary>
public sealed class GoldfishRtc : IBusDevice
{
    /// <summary>Size of the register window in bytes.</summary>
    public const ulong WindowSize = 0x1000;

    private const ulong TimeLow = 0x00;
    private const ulong TimeHigh = 0x04;
    private const ulong AlarmLow = 0x08;
    private const ulong AlarmHigh = 0x0C;
    private const ulong IrqEnabled = 0x10;
    private const ulong ClearAlarm = 0x14;
    private const ulong AlarmStatus = 0x18;
    private const ulong ClearInterrupt = 0x1C;

    private readonly Lock _lock = new();
    private readonly IClock _clock;
    private readonly IInterruptLine _line;
    private readonly IDeviceTimer _timer;
    private ulong _offset;
    private uint _latchedTimeHigh;
    private ulong _alarm;
    private bool _alarmRunning;
    private bool _irqPending;
    private bool _irqEnabled;

    /// <summary>Makes the device with its alarm off.</summary>
    /// <param name="name">Name for errors and traces.</param>
    /// <param name="clock">Source of the time of day.</param>
    /// <param name="timers">Makes the timer behind the alarm.</param>
    /// <param name="line">The device's interrupt.</param>
    public GoldfishRtc(string name, IClock clock, IDeviceTimers timers, IInterruptLine line)
    {
        ArgumentNullException.ThrowIfNull(timers);
        Name = name;
        _clock = clock;
        _line = line;
        _timer = timers.Create(OnTimer);
    }

    /// <inheritdoc/>
    public string Name { get; }

    private ulong Now => _clock.RealTime + _offset;

    /// <inheritdoc/>
    /// <remarks>Reading TIME_LOW latches the upper half for the TIME_HIGH read that follows. Unknown offsets read as zero.</remarks>
    public bool TryRead(ulong offset, int size, out ulong value)
    {
        value = 0;
        if (!IsAccess(offset, size))
        {
            return false;
        }

        lock (_lock)
        {
            switch (offset)
            {
                case TimeLow:
                    ulong now = Now;
                    _latchedTimeHigh = (uint)(now >> 32);
                    value = (uint)now;
                    break;
                case TimeHigh:
                    value = _latchedTimeHigh;
                    break;
                case AlarmLow:
                    value = (uint)_alarm;
                    break;
                case AlarmHigh:
                    value = _alarm >> 32;
                    break;
                case IrqEnabled:
                    value = _irqEnabled ? 1u : 0;
                    break;
                case AlarmStatus:
                    value = _alarmRunning ? 1u : 0;
                    break;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    /// <remarks>Writing ALARM_LOW starts the alarm, so ALARM_HIGH is written first. Unknown offsets ignore writes.</remarks>
    public bool TryWrite(ulong offset, int size, ulong value)
    {
        if (!IsAccess(offset, size))
        {
            return false;
        }

        uint word = (uint)value;
        lock (_lock)
        {
            switch (offset)
            {
                case TimeLow:
                    SetTime((Now & 0xFFFF_FFFF_0000_0000) | word);
                    break;
                case TimeHigh:
                    SetTime((uint)Now | ((ulong)word << 32));
                    break;
                case AlarmLow:
                    _alarm = (_alarm & 0xFFFF_FFFF_0000_0000) | word;
                    _alarmRunning = true;
                    CheckAlarm();
                    break;
                case AlarmHigh:
                    _alarm = (uint)_alarm | ((ulong)word << 32);
                    break;
                case IrqEnabled:
                    _irqEnabled = (word & 1) != 0;
                    DriveLine();
                    break;
                case ClearAlarm:
                    _alarmRunning = false;
                    _timer.Disarm();
                    break;
                case ClearInterrupt:
                    _irqPending = false;
                    DriveLine();
                    break;
            }
        }

        return true;
    }

    /// <summary>Back to the state after power-on: time from the clock, no alarm, interrupt off.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _offset = 0;
            _latchedTimeHigh = 0;
            _alarm = 0;
            _alarmRunning = false;
            _irqPending = false;
            _irqEnabled = false;
            _timer.Disarm();
            DriveLine();
        }
    }

    /// <summary>Adds the device's node to its bus.</summary>
    /// <param name="bus">The bus node, with two address and two size cells.</param>
    /// <param name="baseAddress">Guest-physical address of the window.</param>
    /// <param name="interruptParent">Phandle of the interrupt controller.</param>
    /// <param name="interrupt">Interrupt specifier, in the parent's cells.</param>
    public static DeviceTreeNode Describe(DeviceTreeNode bus, ulong baseAddress, uint interruptParent, params ReadOnlySpan<uint> interrupt)
    {
        ArgumentNullException.ThrowIfNull(bus);
        return bus.AddChild($"rtc@{baseAddress:x}")
            .Set("compatible", "google,goldfish-rtc")
            .SetPairs("reg", baseAddress, WindowSize)
            .SetCells("interrupt-parent", interruptParent)
            .SetCells("interrupts", interrupt);
    }

    private static bool IsAccess(ulong offset, int size) => size == 4 && offset % 4 == 0 && offset < WindowSize;

    private void SetTime(ulong time)
    {
        _offset = time - _clock.RealTime;
        CheckAlarm();
    }

    private void OnTimer()
    {
        lock (_lock)
        {
            CheckAlarm();
        }
    }

    /// <summary>Fires a running alarm that is due, or arms the timer for it.</summary>
    private void CheckAlarm()
    {
        if (!_alarmRunning)
        {
            return;
        }

        ulong real = _clock.RealTime;
        ulong now = real + _offset;
        if (now < _alarm)
        {
            // An alarm beyond the clock's own range must not wrap to the past; one armed too early is checked again.
            ulong wait = _alarm - now;
            _timer.Arm(wait > ulong.MaxValue - real ? ulong.MaxValue : real + wait);
            return;
        }

        _timer.Disarm();
        _alarmRunning = false;
        _irqPending = true;
        DriveLine();
    }

    private void DriveLine() => _line.Set(_irqPending && _irqEnabled);
}
