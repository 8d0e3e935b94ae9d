using CoveJit.Devices.Tests.BoardFakes;
using CoveJit.Devices.Time;

namespace CoveJit.Devices.Tests.Time;

public class GoldfishRtcTests
{
    private const ulong TimeLow = 0x00;
    private const ulong TimeHigh = 0x04;
    private const ulong AlarmLow = 0x08;
    private const ulong AlarmHigh = 0x0C;
    private const ulong IrqEnabled = 0x10;
    private const ulong ClearAlarm = 0x14;
    private const ulong AlarmStatus = 0x18;
    private const ulong ClearInterrupt = 0x1C;
    private const ulong Start = 0x1234_5678_9ABC_DEF0;

    private readonly FakeClock _clock = new() { RealTime = Start };
    private readonly FakeLine _line = new();
    private readonly VirtualDeviceTimers _timers;
    private readonly GoldfishRtc _rtc;

    public GoldfishRtcTests()
    {
        _timers = new VirtualDeviceTimers(_clock);
        _rtc = new GoldfishRtc("rtc", _clock, _timers, _line);
    }

    [Fact]
    public void Reading_the_low_half_latches_the_high_half()
    {
        _clock.RealTime = 0x5_FFFF_FFFF;
        Assert.Equal(0xFFFF_FFFFu, _rtc.Read(TimeLow));
        _clock.RealTime = 0x6_0000_0000;
        Assert.Equal(5u, _rtc.Read(TimeHigh));
        Assert.Equal(0u, _rtc.Read(TimeLow));
        Assert.Equal(6u, _rtc.Read(TimeHigh));
    }

    [Fact]
    public void Setting_the_time_moves_it_and_it_runs_on()
    {
        _rtc.Write(TimeHigh, 1);
        _rtc.Write(TimeLow, 1000);
        _clock.RealTime += 5;
        Assert.Equal(1005u, _rtc.Read(TimeLow));
        Assert.Equal(1u, _rtc.Read(TimeHigh));
    }

    [Fact]
    public void The_alarm_interrupts_when_due_and_once()
    {
        _rtc.Write(IrqEnabled, 1);
        SetAlarm(Start + 100);
        Assert.Equal(1u, _rtc.Read(AlarmStatus));
        Assert.Equal(Start + 100, _timers.NextDeadline);
        Assert.Equal(Low(Start + 100), _rtc.Read(AlarmLow));
        Assert.Equal((Start + 100) >> 32, _rtc.Read(AlarmHigh));

        Advance(99);
        Assert.False(_line.Level);
        Advance(1);
        Assert.True(_line.Level);
        Assert.Equal(0u, _rtc.Read(AlarmStatus));
        Assert.Null(_timers.NextDeadline);

        _rtc.Write(ClearInterrupt, 1);
        Assert.False(_line.Level);
        Advance(1000);
        Assert.Equal(1, _line.Rises);
    }

    [Fact]
    public void An_alarm_in_the_past_fires_at_once()
    {
        _rtc.Write(IrqEnabled, 1);
        SetAlarm(Start);
        Assert.True(_line.Level);
    }

    [Fact]
    public void A_masked_alarm_stays_pending_until_enabled()
    {
        SetAlarm(Start + 1);
        Advance(1);
        Assert.False(_line.Level);
        _rtc.Write(IrqEnabled, 1);
        Assert.True(_line.Level);
        _rtc.Write(IrqEnabled, 0);
        Assert.False(_line.Level);
    }

    [Fact]
    public void A_cleared_alarm_does_not_come()
    {
        _rtc.Write(IrqEnabled, 1);
        SetAlarm(Start + 10);
        _rtc.Write(ClearAlarm, 1);
        Assert.Equal(0u, _rtc.Read(AlarmStatus));
        Assert.Null(_timers.NextDeadline);
        Advance(20);
        Assert.False(_line.Level);
    }

    [Fact]
    public void Setting_the_time_past_the_alarm_fires_it_and_before_it_delays_it()
    {
        _rtc.Write(IrqEnabled, 1);
        SetAlarm(Start + 1000);
        _rtc.Write(TimeLow, Low(Start + 400));
        Assert.Equal(Start + 600, _timers.NextDeadline);
        _rtc.Write(TimeLow, Low(Start + 1000));
        Assert.True(_line.Level);
    }

    [Fact]
    public void An_alarm_beyond_the_clock_never_comes_early()
    {
        _rtc.Write(IrqEnabled, 1);
        _rtc.Write(TimeHigh, 0);
        _rtc.Write(TimeLow, 0);
        SetAlarm(ulong.MaxValue);
        Assert.Equal(ulong.MaxValue, _timers.NextDeadline);
        Advance(1_000_000);
        Assert.False(_line.Level);
    }

    [Fact]
    public void Reset_forgets_alarm_offset_and_interrupt()
    {
        _rtc.Write(IrqEnabled, 1);
        _rtc.Write(TimeLow, 0);
        SetAlarm(1);
        Assert.True(_line.Level);
        _rtc.Reset();
        Assert.False(_line.Level);
        Assert.Null(_timers.NextDeadline);
        Assert.Equal(Low(Start), _rtc.Read(TimeLow));
    }

    [Theory]
    [InlineData(0u, 1)]
    [InlineData(0u, 2)]
    [InlineData(0u, 8)]
    [InlineData(2u, 4)]
    [InlineData(0x1000u, 4)]
    public void Only_aligned_words_inside_the_window_are_accepted(uint offset, int size)
    {
        Assert.False(_rtc.TryRead(offset, size, out _));
        Assert.False(_rtc.TryWrite(offset, size, 1));
    }

    [Fact]
    public void Hostile_accesses_never_throw_and_leave_the_line_explained() =>
        BusAccess.Fuzz(_rtc, 3, 50_000, [0, 4, 8, 12, 16, 20, 24, 28, 32], random =>
        {
            _clock.RealTime += (ulong)random.Next(1 << 20);
            _timers.RunDue();
            if (_rtc.Read(AlarmStatus) == 0)
            {
                Assert.Null(_timers.NextDeadline);
            }
            else
            {
                Assert.NotNull(_timers.NextDeadline);
                Assert.True(_timers.NextDeadline > _clock.RealTime);
            }
        });

    [Fact]
    public void Virtual_timers_run_in_order_of_deadline_and_a_call_ends()
    {
        List<int> order = [];
        IDeviceTimer late = _timers.Create(() => order.Add(2));
        IDeviceTimer? again = null;
        again = _timers.Create(() =>
        {
            order.Add(1);
            again!.Arm(0);
        });
        late.Arm(Start + 2);
        again.Arm(Start + 1);
        Advance(5);
        Assert.Equal(1, order[0]);
        Assert.True(order.Count <= 3);
        again.Disarm();
        _timers.RunDue();
        Assert.Contains(2, order);
        Assert.Null(_timers.NextDeadline);
    }

    [Fact]
    public void Host_timers_call_back_once_the_clock_shows_the_deadline()
    {
        using HostDeviceTimers timers = new(_clock);
        using ManualResetEventSlim fired = new();
        IDeviceTimer timer = timers.Create(fired.Set);
        timer.Arm(Start);
        Assert.True(fired.Wait(TimeSpan.FromSeconds(30)));

        fired.Reset();
        IDeviceTimer never = timers.Create(() => Assert.Fail("a disarmed timer fired"));
        never.Arm(Start + 3_600_000_000_000);
        never.Arm(ulong.MaxValue);
        never.Disarm();
    }

    private static uint Low(ulong time) => unchecked((uint)time);

    private void Advance(ulong nanoseconds)
    {
        _clock.RealTime += nanoseconds;
        _timers.RunDue();
    }

    private void SetAlarm(ulong time)
    {
        _rtc.Write(AlarmHigh, time >> 32);
        _rtc.Write(AlarmLow, (uint)time);
    }
}
