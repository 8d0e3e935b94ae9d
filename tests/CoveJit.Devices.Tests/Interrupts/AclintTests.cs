using CoveJit.Devices.Interrupts;
using CoveJit.Devices.Tests.BoardFakes;

namespace CoveJit.Devices.Tests.Interrupts;

public class AclintTests
{
    private const ulong Mtimecmp = 0x4000;
    private const ulong Mtime = 0xBFF8;
    private const int Harts = 3;

    private readonly FakeClock _clock = new() { Ticks = 0x11_2233_4455 };
    private readonly FakeLine[] _msip = [.. Enumerable.Range(0, Harts).Select(_ => new FakeLine())];
    private readonly FakeTimer[] _timers = [.. Enumerable.Range(0, Harts).Select(_ => new FakeTimer())];
    private readonly Aclint _aclint;

    public AclintTests() => _aclint = new Aclint("clint", _clock, _msip, _timers);

    [Fact]
    public void Msip_drives_the_harts_line_by_bit_0_alone()
    {
        _aclint.Write(4, 0xFFFF_FFFF);
        Assert.Equal([false, true, false], _msip.Select(line => line.Level));
        Assert.Equal(1u, _aclint.Read(4));
        _aclint.Write(4, 0xFFFF_FFFE);
        Assert.False(_msip[1].Level);
    }

    [Fact]
    public void A_doubleword_covers_two_msip_words()
    {
        _aclint.Write(0, 0x1_0000_0001, 8);
        Assert.Equal([true, true, false], _msip.Select(line => line.Level));
        Assert.Equal(0x1_0000_0001u, _aclint.Read(0, 8));
        _aclint.Write(8, ulong.MaxValue, 8);
        Assert.Equal(1u, _aclint.Read(8, 8));
    }

    [Fact]
    public void Mtimecmp_is_written_whole_or_by_halves()
    {
        _aclint.Write(Mtimecmp + 8, 0x1122_3344_5566_7788, 8);
        Assert.Equal(0x1122_3344_5566_7788u, _timers[1].Compare);
        _aclint.Write(Mtimecmp + 8, 0xAAAA_AAAA);
        Assert.Equal(0x1122_3344_AAAA_AAAAu, _timers[1].Compare);
        _aclint.Write(Mtimecmp + 12, 0xBBBB_BBBB);
        Assert.Equal(0xBBBB_BBBB_AAAA_AAAAu, _timers[1].Compare);
        Assert.Equal(0xBBBB_BBBB_AAAA_AAAAu, _aclint.Read(Mtimecmp + 8, 8));
        Assert.Equal(0xBBBB_BBBBu, _aclint.Read(Mtimecmp + 12));
        Assert.Equal(ulong.MaxValue, _timers[0].Compare);
    }

    [Fact]
    public void Mtime_reads_the_clock_whole_or_by_halves()
    {
        Assert.Equal(0x11_2233_4455u, _aclint.Read(Mtime, 8));
        Assert.Equal(0x2233_4455u, _aclint.Read(Mtime));
        Assert.Equal(0x11u, _aclint.Read(Mtime + 4));
    }

    [Fact]
    public void A_write_to_mtime_moves_it_and_keeps_the_distance_to_mtimecmp_true()
    {
        _clock.Ticks = 5000;
        _aclint.Write(Mtimecmp, 6000, 8);
        _aclint.Write(Mtime, 100, 8);
        Assert.Equal(100u, _aclint.Read(Mtime, 8));
        Assert.Equal(5000u + 5900, _timers[0].Compare);
        _clock.Ticks += 7;
        Assert.Equal(107u, _aclint.Read(Mtime, 8));

        // What is due stays due; what mtime cannot reach before the clock ends is never.
        _aclint.Write(Mtimecmp, 107, 8);
        Assert.True(_timers[0].Compare <= _clock.Ticks);
        _aclint.Write(Mtimecmp, ulong.MaxValue, 8);
        Assert.Equal(ulong.MaxValue, _timers[0].Compare);

        _aclint.Write(Mtime + 4, 1);
        Assert.Equal(0x1_0000_0000u + 107, _aclint.Read(Mtime, 8));
        Assert.Equal(0x1_0000_0000u + 107 - _clock.Ticks, _aclint.MtimeOffset);
    }

    [Fact]
    public void Registers_of_absent_harts_and_gaps_read_zero_and_ignore_writes()
    {
        foreach (ulong offset in new ulong[] { Harts * 4, 0x3FF8, Mtimecmp + (Harts * 8), 0xBFF0, 0xC000, 0xFFF8 })
        {
            ulong aligned = offset & ~7UL;
            _aclint.Write(offset, ulong.MaxValue);
            Assert.Equal(0u, _aclint.Read(offset));
            Assert.True(_aclint.TryWrite(aligned, 8, ulong.MaxValue));
        }

        Assert.Equal(0u, _aclint.MtimeOffset);
    }

    [Theory]
    [InlineData(0u, 1)]
    [InlineData(0u, 2)]
    [InlineData(2u, 4)]
    [InlineData(4u, 8)]
    [InlineData(0xBFFCu, 8)]
    [InlineData(0xBFF9u, 1)]
    [InlineData(0x10000u, 4)]
    public void Narrow_misaligned_and_outside_accesses_are_refused(uint offset, int size)
    {
        Assert.False(_aclint.TryRead(offset, size, out _));
        Assert.False(_aclint.TryWrite(offset, size, 1));
    }

    [Fact]
    public void Reset_clears_msip_and_puts_the_timers_out_of_reach()
    {
        _aclint.Write(0, 1);
        _aclint.Write(Mtimecmp, 5, 8);
        _aclint.Write(Mtime, 0, 8);
        _aclint.Reset();
        Assert.False(_msip[0].Level);
        Assert.Equal(ulong.MaxValue, _timers[0].Compare);
        Assert.Equal(_clock.Ticks, _aclint.Read(Mtime, 8));
    }

    [Fact]
    public void Mismatched_lists_are_the_callers_error() =>
        Assert.Throws<ArgumentException>(() => new Aclint("clint", _clock, _msip, _timers[..1]));

    [Fact]
    public void Hostile_accesses_never_throw_and_a_timer_is_due_exactly_when_mtime_says_so() =>
        BusAccess.Fuzz(_aclint, 5, 50_000, [0, 4, 8, 12, Mtimecmp, Mtimecmp + 4, Mtimecmp + 16, Mtimecmp + 24, Mtime, Mtime + 4, 0xC000], _ =>
        {
            ulong mtime = _aclint.Read(Mtime, 8);
            for (int hart = 0; hart < Harts; hart++)
            {
                ulong mtimecmp = _aclint.Read(Mtimecmp + ((ulong)hart * 8), 8);
                Assert.Equal(mtime >= mtimecmp, _clock.Ticks >= _timers[hart].Compare);
            }
        });
}
