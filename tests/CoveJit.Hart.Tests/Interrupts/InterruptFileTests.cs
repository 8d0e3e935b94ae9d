using CoveJit.Harts.Interrupts;
using CoveJit.Memory.Bus;

namespace CoveJit.Harts.Tests.Interrupts;

public sealed class InterruptFileTests
{
    private readonly Wire _wire = new();
    private readonly InterruptFile _file;

    public InterruptFileTests()
    {
        _file = new InterruptFile(255, _wire);
        Write(InterruptFile.Delivery, 1);
    }

    [Theory]
    [InlineData(62)]
    [InlineData(64)]
    [InlineData(0)]
    [InlineData(2111)]
    public void The_number_of_identities_is_one_less_than_a_multiple_of_64(int identities) =>
        Assert.ThrowsAny<ArgumentException>(() => new InterruptFile(identities, _wire));

    [Fact]
    public void A_state_moves_to_another_file_and_joins_what_is_pending_there()
    {
        Wire wire = new();
        InterruptFile other = new(255, wire);
        Enable(70);
        Write(InterruptFile.Threshold, 90);
        _file.Signal(70);
        _file.Signal(80);
        other.Signal(7);
        _file.MoveTo(other);
        Assert.True(_file.HasStateOf(new InterruptFile(255, new Wire())));
        Assert.False(_wire.Level);
        Assert.True(wire.Level);
        Assert.Equal((1UL << 7, (1UL << 6) | (1UL << 16), 90UL), (other.Read(InterruptFile.Pending), other.Read(0x82), other.Read(InterruptFile.Threshold)));
        Assert.Equal(70u, other.Top);
        Assert.Throws<ArgumentOutOfRangeException>(() => other.MoveTo(new InterruptFile(63, wire)));
    }

    [Fact]
    public void A_message_signals_if_its_identity_is_enabled()
    {
        _file.Signal(70);
        Assert.False(_wire.Level);
        Assert.Equal(1UL << 6, _file.Read(0x82));
        Enable(70);
        Assert.True(_wire.Level);
        Assert.Equal(70u, _file.Top);
        Assert.Equal(70u, _file.Claim());
        Assert.False(_wire.Level);
        Assert.Equal(0u, _file.Claim());
        _file.Signal(70);
        Assert.True(_wire.Level);
    }

    [Fact]
    public void Lower_identities_come_first()
    {
        uint[] identities = [255, 1, 64, 63, 200];
        foreach (uint identity in identities)
        {
            Enable(identity);
            _file.Signal(identity);
        }

        Assert.Equal([1u, 63u, 64u, 200u, 255u, 0u], Enumerable.Range(0, 6).Select(_ => _file.Claim()));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(256u)]
    [InlineData(2047u)]
    [InlineData(uint.MaxValue)]
    public void Identities_that_are_not_implemented_are_ignored(uint identity)
    {
        for (uint select = 0xC0; select <= 0xFF; select += 2)
        {
            Write(select, ulong.MaxValue);
        }

        _file.Signal(identity);
        Assert.False(_wire.Level);
        Assert.Equal(0u, _file.Top);
    }

    [Fact]
    public void The_threshold_lets_lower_identities_through()
    {
        Enable(5);
        Enable(6);
        _file.Signal(6);
        Write(InterruptFile.Threshold, 6);
        Assert.False(_wire.Level);
        Assert.Equal(0u, _file.Top);
        _file.Signal(5);
        Assert.True(_wire.Level);
        Assert.Equal(5u, _file.Top);
        Write(InterruptFile.Threshold, 0);
        Assert.Equal(5u, _file.Claim());
        Assert.Equal(6u, _file.Top);
    }

    [Fact]
    public void Delivery_affects_the_signal_alone()
    {
        Write(InterruptFile.Delivery, 0);
        Enable(9);
        _file.Signal(9);
        Assert.False(_wire.Level);
        Assert.Equal(9u, _file.Top);
        Write(InterruptFile.Delivery, 1);
        Assert.True(_wire.Level);
        Write(InterruptFile.Delivery, 0x4000_0000); // delivery from an APLIC is not supported: then as 0
        Assert.Equal(0UL, _file.Read(InterruptFile.Delivery));
        Assert.False(_wire.Level);
    }

    // Select value, written, read back.
    [Theory]
    [InlineData(0x71u, ulong.MaxValue, 0UL)]
    [InlineData(0x72u, 255UL, 255UL)]
    [InlineData(0x72u, 0x100UL, 0UL)]
    [InlineData(0x73u, ulong.MaxValue, 0UL)]
    [InlineData(0x7Fu, ulong.MaxValue, 0UL)]
    [InlineData(0x80u, ulong.MaxValue, ulong.MaxValue - 1)] // no identity 0
    [InlineData(0x82u, ulong.MaxValue, ulong.MaxValue)]
    [InlineData(0x86u, ulong.MaxValue, ulong.MaxValue)]
    [InlineData(0x88u, ulong.MaxValue, 0UL)] // beyond 255
    [InlineData(0xBEu, ulong.MaxValue, 0UL)]
    [InlineData(0xC0u, ulong.MaxValue, ulong.MaxValue - 1)]
    [InlineData(0xC6u, ulong.MaxValue, ulong.MaxValue)]
    [InlineData(0xC8u, ulong.MaxValue, 0UL)]
    [InlineData(0xFEu, ulong.MaxValue, 0UL)]
    public void WARL(uint select, ulong written, ulong read)
    {
        Write(select, written);
        Assert.Equal(read, _file.Read(select));
    }

    [Fact]
    public void Registers_are_at_even_select_values_from_eip0_on()
    {
        uint[] missing = [.. Enumerable.Range(0, 0x110).Select(select => (uint)select).Where(select => !InterruptFile.HasRegister(select))];
        uint[] expected = [.. Enumerable.Range(0, 0x110).Select(select => (uint)select).Where(select => select < 0x70 || select > 0xFF || (select > 0x80 && select % 2 == 1))];
        Assert.Equal(expected, missing);
    }

    [Fact]
    public void Setting_and_clearing_bits_leaves_the_others()
    {
        Write(0x80, 0b1010);
        Assert.Equal(0b1010UL, _file.Update(0x80, 0b0100, 0b0010));
        Assert.Equal(0b1100UL, _file.Read(0x80));
    }

    [Fact]
    public void Reset_leaves_nothing_pending_enabled_or_delivered()
    {
        Enable(9);
        _file.Signal(9);
        Write(InterruptFile.Threshold, 10);
        _file.Reset();
        Assert.False(_wire.Level);
        Assert.All([0x70u, 0x72u, 0x80u, 0xC0u], select => Assert.Equal(0UL, _file.Read(select)));
    }

    // The wire must never stay low with an interrupt signalled, or stay high without one.
    [Fact]
    public void No_message_is_lost_or_left_over_between_threads()
    {
        const uint Identities = 8;
        const int Messages = 50_000;
        for (uint identity = 1; identity <= Identities; identity++)
        {
            Enable(identity);
        }

        long[] claims = new long[Identities + 1];
        int done = 0;
        Thread[] senders = [.. Enumerable.Range(0, 2).Select(sender => new Thread(() =>
        {
            for (int i = 0; i < Messages; i++)
            {
                _file.Signal((uint)(1 + ((i + sender) % Identities)));
            }

            Interlocked.Increment(ref done);
        }))];
        foreach (Thread sender in senders)
        {
            sender.Start();
        }

        while (Volatile.Read(ref done) < senders.Length || _wire.Level)
        {
            if (_wire.Level)
            {
                Write(0xC0, 0); // as drivers mask and unmask meanwhile
                Write(0xC0, 0x1FE);
                claims[_file.Claim()]++;
            }
        }

        foreach (Thread sender in senders)
        {
            sender.Join();
        }

        Assert.Equal(0u, _file.Top);
        Assert.False(_wire.Level);
        Assert.All(claims.Skip(1), count => Assert.True(count > 0));
    }

    private void Enable(uint identity) => _file.Update(InterruptFile.Enable + (2 * (identity / 64)), 1UL << (int)(identity % 64), 0);

    private void Write(uint select, ulong value) => _file.Update(select, value, ~value);

    private sealed class Wire : IInterruptLine
    {
        private int _level;

        public bool Level => Volatile.Read(ref _level) != 0;

        public void Set(bool level) => Interlocked.Exchange(ref _level, level ? 1 : 0);
    }
}
