using CoveJit.Harts;
using CoveJit.Harts.Traps;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Tests;

public sealed class PmuTests : IDisposable
{
    private const uint Config = 2;
    private const uint Start = 3;
    private const uint Stop = 4;
    private const uint ReadFirmware = 5;
    private const ulong AllCounters = 0x7FF_FFFD; // 27 but for number 1
    private const ulong FirstFirmware = 11;
    private const ulong Cycles = 1;
    private const ulong Instructions = 2;
    private const ulong SetTimerEvent = 0xF0005;
    private const ulong OverflowFlag = 1UL << 63;
    private const ulong Max = ulong.MaxValue;

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    private Hart Hart => _machine.Hart0;

    [Fact]
    public void Counters_are_numbered_as_their_registers_with_a_hole_at_time()
    {
        Assert.Equal(SbiResult.Of(27), Call(0));
        for (ulong i = 0; i < 27; i++)
        {
            SbiResult expected = i == 1 ? SbiError.InvalidParam : SbiResult.Of(i >= FirstFirmware ? 1UL << 63 : (0xC00 + i) | (63 << 12));
            Assert.Equal(expected, Call(1, i));
        }

        Assert.All((ulong[])[27, 64, 1UL << 32, Max], i => Assert.Equal(SbiError.InvalidParam, Call(1, i).Error));
    }

    [Fact]
    public void A_counter_is_configured_started_read_and_stopped()
    {
        Assert.Equal(SbiResult.Of(3), Call(Config, 0, AllCounters, 0, Instructions, 0));
        TestMachine.RunNops(Hart, 50);
        Assert.Equal(0UL, Hart.Counters.Read(3));
        Assert.Equal(SbiError.Success, Call(Start, 3, 1, 1, 1000).Error);
        ulong begun = Hart.Counters.Read(3);
        TestMachine.RunNops(Hart, 50);
        Assert.Equal(begun + 50, Hart.Counters.Read(3));
        Assert.InRange(begun, 1000UL, 1001UL);
        Assert.Equal(SbiError.AlreadyStarted, Call(Start, 3, 1, 0, 0).Error);
        Assert.Equal(SbiError.Success, Call(Stop, 3, 1, 0).Error);
        ulong stopped = Hart.Counters.Read(3);
        TestMachine.RunNops(Hart, 50);
        Assert.Equal(stopped, Hart.Counters.Read(3));
        Assert.Equal(SbiError.AlreadyStopped, Call(Stop, 3, 1, 0).Error);
        Assert.Equal(SbiError.Success, Call(Start, 3, 1, 0, 0).Error); // goes on from where it was
        Assert.InRange(Hart.Counters.Read(3), stopped, stopped + 1);
    }

    [Fact]
    public void Mode_filters_clearing_and_automatic_start()
    {
        const ulong ClearAutoUserSupervisorMachine = 2 | 4 | (7 << 5);
        Hart.Counters.Write(3, 77);
        Assert.Equal(SbiResult.Of(3), Call(Config, 0, AllCounters, ClearAutoUserSupervisorMachine, Cycles, 0));
        Assert.Equal((7UL << 60) | Cycles, Hart.Counters.ReadEvent(3));
        TestMachine.RunNops(Hart, 10);
        Assert.Equal(0UL, Hart.Counters.Read(3)); // cleared, and S-mode is not counted
        Assert.Equal(SbiResult.Of(4), Call(Config, 0, AllCounters, 2 | 4 | (5UL << 5), Cycles, 0)); // U and M
        TestMachine.RunNops(Hart, 10);
        Assert.InRange(Hart.Counters.Read(4), 10UL, 11UL);
    }

    [Fact]
    public void Fixed_counters_are_the_last_resort_and_none_is_given_twice()
    {
        for (ulong i = 3; i < FirstFirmware; i++)
        {
            Assert.Equal(SbiResult.Of(i), Call(Config, 0, AllCounters, 0, Cycles, 0));
        }

        Assert.Equal(SbiResult.Of(0), Call(Config, 0, AllCounters, 0, Cycles, 0));
        Assert.Equal(SbiError.NotSupported, Call(Config, 0, AllCounters, 0, Cycles, 0).Error);
        Assert.Equal(SbiResult.Of(2), Call(Config, 0, AllCounters, 0, Instructions, 0));
        Assert.Equal(SbiError.AlreadyStopped, Call(Stop, 5, 1, 1).Error); // not started, yet released
        Assert.Equal(SbiResult.Of(5), Call(Config, 0, AllCounters, 0, Instructions, 0));
    }

    [Fact]
    public void Cycle_runs_until_it_is_stopped_and_again_once_it_is_released()
    {
        Assert.Equal(SbiError.AlreadyStopped, Call(Stop, 0, 1, 0).Error);
        Assert.True(Moves(0));
        Assert.Equal(SbiError.Success, Call(Start, 0, 1, 1, 5).Error);
        Assert.True(Moves(0));
        Assert.Equal(SbiError.Success, Call(Stop, 0, 1, 0).Error);
        Assert.False(Moves(0));
        Call(Stop, 0, 1, 1);
        Assert.True(Moves(0));
    }

    [Fact]
    public void Skip_match_takes_the_first_counter_of_the_set()
    {
        Assert.Equal(SbiResult.Of(2), Call(Config, 0, 4, 1, Instructions, 0)); // as Linux does for direct user access
        Assert.Equal(SbiResult.Of(7), Call(Config, 7, 3, 1, Cycles, 0));
        Assert.Equal(SbiResult.Of(7), Call(Config, 7, 3, 1, Instructions, 0));
        Assert.Equal(SbiError.NotSupported, Call(Config, 0, 4, 1, Cycles, 0).Error);
        Assert.Equal(SbiError.NotSupported, Call(Config, FirstFirmware, 1, 1, Cycles, 0).Error);
    }

    [Theory]
    [InlineData(0x10019, 0, true)]
    [InlineData(0x1001B, 0, true)]
    [InlineData(0x10021, 0, true)]
    [InlineData(0x20000, 2, true)]
    [InlineData(0x30000, 0x10019, true)]
    [InlineData(0xF0000, 0, true)]
    [InlineData(0xF0015, 0, true)]
    [InlineData(0, 0, false)]
    [InlineData(3, 0, false)]
    [InlineData(Cycles, 1, false)]
    [InlineData(0x10018, 0, false)]
    [InlineData(0x20001, 2, false)]
    [InlineData(0x20000, 0x12345, false)]
    [InlineData(0x20000, 1UL << 60 | 1, false)]
    [InlineData(0xF0016, 0, false)]
    [InlineData(0xFFFFF, 0, false)]
    [InlineData(0xF0005, 1, false)]
    [InlineData(0x100000, 0, false)]
    [InlineData(1UL << 32 | 1, 0, false)]
    [InlineData(Max, Max, false)]
    public void Events(ulong index, ulong data, bool supported) =>
        Assert.Equal(supported ? SbiError.Success : SbiError.NotSupported, Call(Config, 0, AllCounters, 0, index, data).Error);

    [Theory]
    [InlineData(0, 2, 0)]
    [InlineData(1, 1, 0)]
    [InlineData(0, 1UL << 27, 0)]
    [InlineData(27, 1, 0)]
    [InlineData(Max, 2, 0)]
    [InlineData(Max, 1, 0)]
    [InlineData(1UL << 32, 1, 0)]
    [InlineData(0, 1, 0x100)]
    [InlineData(0, 1, 1UL << 63)]
    public void Sets_with_a_counter_that_is_none_and_reserved_flags_are_invalid(ulong first, ulong mask, ulong flags)
    {
        Assert.Equal(SbiError.InvalidParam, Call(Config, first, mask, flags, Cycles, 0).Error);
        Assert.Equal(SbiError.InvalidParam, Call(Start, first, mask, flags, 0).Error);
        Assert.Equal(SbiError.InvalidParam, Call(Stop, first, mask, flags).Error);
    }

    [Fact]
    public void Starting_what_has_no_event_is_invalid()
    {
        Assert.Equal(SbiError.InvalidParam, Call(Start, 3, 1, 0, 0).Error);
        Assert.Equal(SbiError.InvalidParam, Call(Start, FirstFirmware, 1, 0, 0).Error);
        Assert.Equal(SbiError.InvalidParam, Call(Start, 0, 1, 3, 0).Error); // both sources of an initial value
        Assert.Equal(SbiError.Success, Call(Start, 0, 0, 0, 0).Error);
    }

    [Fact]
    public void An_overflow_interrupts_and_starting_again_arms_it()
    {
        const ulong Pending = 1UL << InterruptCode.CounterOverflow;
        Call(Config, 0, AllCounters, 0, Instructions, 0);
        for (int round = 0; round < 2; round++)
        {
            Assert.Equal(SbiError.Success, Call(Start, 3, 1, 1, Max - 19).Error);
            Assert.Equal(0UL, Hart.Counters.ReadEvent(3) & OverflowFlag);
            Assert.Equal(0UL, Hart.Mip & Pending);
            Hart.Pc = TestMachine.Base + 4;
            Hart.RunSlice(40);
            Assert.NotEqual(0UL, Hart.Mip & Pending);
            Assert.Equal(1u << 3, Hart.Counters.Overflowed);
            Assert.Equal(SbiError.Success, Call(Stop, 3, 1, 0).Error);
            Hart.SetSoftwarePending(InterruptCode.CounterOverflow, false);
        }
    }

    [Fact]
    public void An_overflow_that_has_not_been_looked_at_is_not_lost_by_a_start()
    {
        Call(Config, 0, AllCounters, 0, Instructions, 0);
        Call(Start, 3, 1, 1, Max);
        TestMachine.RunNops(Hart, 5);
        Call(Stop, 3, 1, 0);
        Assert.NotEqual(0UL, Hart.Mip & (1UL << InterruptCode.CounterOverflow));
        Call(Start, 3, 1, 1, 0);
        Assert.Equal(1u << 3, Hart.Counters.Overflowed);
    }

    [Fact]
    public void Firmware_counters_count_what_the_firmware_did()
    {
        SbiResult timer = Call(Config, 0, AllCounters, 2 | 4, SetTimerEvent, 0);
        Assert.Equal(SbiResult.Of(FirstFirmware), timer);
        SbiResult sent = Call(Config, 0, AllCounters, 2 | 4, 0xF0006, 0);
        SbiResult fences = Call(Config, 0, AllCounters, 2 | 4, 0xF000A, 0);
        Hart other = _machine.StartHart(1);
        SbiResult received = TestMachine.CallOn(other, Eid.Pmu, Config, 0, AllCounters, 4, 0xF0007, 0);

        _machine.Call(Eid.Time, 0, Max);
        _machine.Call(Eid.Time, 0, Max);
        _machine.Call(Eid.Ipi, 0, 3, 0);
        _machine.Call(Eid.Ipi, 0, 1, 0); // to itself: no other hart's
        _machine.Call(Eid.Rfence, 1, 2, 0, 0, 0);
        Assert.Equal(SbiResult.Of(2), Call(ReadFirmware, timer.Value));
        Assert.Equal(SbiResult.Of(0), Call(6, timer.Value));
        Assert.Equal(SbiResult.Of(1), Call(ReadFirmware, sent.Value));
        Assert.Equal(SbiResult.Of(1), Call(ReadFirmware, fences.Value));
        Assert.Equal(SbiResult.Of(1), TestMachine.CallOn(other, Eid.Pmu, ReadFirmware, received.Value));

        Assert.Equal(SbiError.Success, Call(Stop, timer.Value, 1, 0).Error);
        _machine.Call(Eid.Time, 0, Max);
        Assert.Equal(SbiResult.Of(2), Call(ReadFirmware, timer.Value));
        Call(Start, timer.Value, 1, 1, Max);
        _machine.Call(Eid.Time, 0, Max);
        Assert.Equal(SbiResult.Of(0), Call(ReadFirmware, timer.Value)); // 64 bits wide
    }

    [Fact]
    public void Illegal_instructions_are_a_firmware_event()
    {
        Call(Config, FirstFirmware, 1, 2 | 4, 0xF0004, 0);
        _machine.WriteCode(TestMachine.Base + 0x200, 0);
        Hart.Pc = TestMachine.Base + 0x200;
        Hart.Step();
        Assert.Equal(SbiResult.Of(1), Call(ReadFirmware, FirstFirmware));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(27)]
    [InlineData(Max)]
    public void Only_firmware_counters_are_read_by_the_firmware(ulong index)
    {
        Assert.Equal(SbiError.InvalidParam, Call(5, index).Error);
        Assert.Equal(SbiError.InvalidParam, Call(6, index).Error);
    }

    [Fact]
    public void Snapshots_hold_values_and_overflows_and_start_from_them()
    {
        const ulong TakeSnapshot = 2;
        const ulong FromSnapshot = 2;
        const ulong Untouched = 0x5555_5555_5555_5555;
        Call(Config, 3, 1, 2, Instructions, 0);
        Call(Config, 4, 1, 2, Instructions, 0);
        Assert.Equal(SbiError.NoShmem, Call(Start, 3, 3, FromSnapshot, 0).Error);
        Assert.Equal(SbiError.NoShmem, Call(Stop, 3, 3, TakeSnapshot).Error);
        Assert.Equal(SbiError.Success, Call(7, TestMachine.Data, 0, 0).Error);

        _machine.Write(TestMachine.Data + 8, 500UL);
        _machine.Write(TestMachine.Data + 16, Max - 2);
        _machine.Write(TestMachine.Data + 24, Untouched);
        Assert.Equal(SbiError.Success, Call(Start, 3, 3, FromSnapshot, 0).Error);
        TestMachine.RunNops(Hart, 10);
        Assert.Equal(SbiError.Success, Call(Stop, 3, 3, TakeSnapshot).Error);
        Assert.Equal(2UL, _machine.Read(TestMachine.Data)); // counter 4, from counter 3 on
        Assert.Equal(Hart.Counters.Read(3), _machine.Read(TestMachine.Data + 8));
        Assert.InRange(_machine.Read(TestMachine.Data + 8), 510UL, 511UL);
        Assert.Equal(Untouched, _machine.Read(TestMachine.Data + 24));

        Assert.Equal(SbiError.Success, Call(7, Max, Max, 0).Error);
        Assert.Equal(SbiError.NoShmem, Call(Stop, 3, 3, TakeSnapshot).Error);
    }

    [Theory]
    [InlineData(TestMachine.Data, 0, 1, SbiError.InvalidParam)]
    [InlineData(TestMachine.Data + 8, 0, 0, SbiError.InvalidParam)]
    [InlineData(TestMachine.Data, 1, 0, SbiError.InvalidAddress)]
    [InlineData(TestMachine.End, 0, 0, SbiError.InvalidAddress)]
    [InlineData(0x1000_0000, 0, 0, SbiError.InvalidAddress)]
    [InlineData(Max - 0xFFF, Max, 0, SbiError.InvalidAddress)]
    public void Snapshot_memory_is_checked(ulong low, ulong high, ulong flags, SbiError error) =>
        Assert.Equal(error, Call(7, low, high, flags).Error);

    [Fact]
    public void Event_info_answers_for_each_entry()
    {
        (uint Index, ulong Data, uint Supported)[] entries = [(1, 99, 1), (3, 0, 0), (0x20000, 1, 1), (0x20000, 77, 0), (0xF0005, 0, 1), (0xF0005, 1, 0), (0x10021, 0, 1)];
        for (int i = 0; i < entries.Length; i++)
        {
            _machine.Write(TestMachine.Data + ((ulong)i * 16), entries[i].Index | (0xFFFF_FFFFUL << 32));
            _machine.Write(TestMachine.Data + ((ulong)i * 16) + 8, entries[i].Data);
        }

        Assert.Equal(SbiError.Success, Call(8, TestMachine.Data, 0, (ulong)entries.Length, 0).Error);
        for (int i = 0; i < entries.Length; i++)
        {
            Assert.Equal(entries[i].Index | ((ulong)entries[i].Supported << 32), _machine.Read(TestMachine.Data + ((ulong)i * 16)));
            Assert.Equal(entries[i].Data, _machine.Read(TestMachine.Data + ((ulong)i * 16) + 8));
        }

        _machine.Write(TestMachine.Data + 16, 1U << 20);
        Assert.Equal(SbiError.InvalidParam, Call(8, TestMachine.Data, 0, 2, 0).Error);
    }

    [Theory]
    [InlineData(TestMachine.Data, 0, 1, 1, SbiError.InvalidParam)]
    [InlineData(TestMachine.Data + 8, 0, 1, 0, SbiError.InvalidParam)]
    [InlineData(TestMachine.Data, 1, 1, 0, SbiError.InvalidAddress)]
    [InlineData(TestMachine.Base, 0, TestMachine.Size / 16 + 1, 0, SbiError.InvalidAddress)]
    [InlineData(TestMachine.Data, 0, 1UL << 60, 0, SbiError.InvalidAddress)]
    [InlineData(TestMachine.Data, 0, Max, 0, SbiError.InvalidAddress)]
    [InlineData(TestMachine.End - 16, 0, 2, 0, SbiError.InvalidAddress)]
    [InlineData(TestMachine.Base, 0, TestMachine.Size / 16, 0, SbiError.Failed)]
    [InlineData(0, 0, 0, 0, SbiError.Success)]
    public void Event_info_memory_is_checked(ulong low, ulong high, ulong entries, ulong flags, SbiError error) =>
        Assert.Equal(error, Call(8, low, high, entries, flags).Error);

    private bool Moves(int counter)
    {
        ulong before = Hart.Counters.Read(counter);
        TestMachine.RunNops(Hart, 5);
        return Hart.Counters.Read(counter) != before;
    }

    private SbiResult Call(uint function, params ulong[] arguments) => _machine.Call(Eid.Pmu, function, arguments);
}
