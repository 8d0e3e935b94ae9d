using CoveJit.Devices.Interrupts;
using CoveJit.Devices.Tests.BoardFakes;

namespace CoveJit.Devices.Tests.Interrupts;

public class PlicTests
{
    private const ulong Pending = 0x1000;
    private const int Harts = 2;

    // Contexts: M0, S0, M1, S1.
    private readonly FakeLine[] _machine = [new(), new()];
    private readonly FakeLine[] _supervisor = [new(), new()];
    private readonly Plic _plic;

    public PlicTests() => _plic = new Plic("plic", _machine, _supervisor);

    [Fact]
    public void An_enabled_source_interrupts_its_context_alone_and_is_claimed_and_completed()
    {
        Configure(10, priority: 1, context: 1);
        _plic.Source(10).Set(true);
        Assert.Equal([false, false], _machine.Select(line => line.Level));
        Assert.Equal([true, false], _supervisor.Select(line => line.Level));
        Assert.Equal(1u << 10, _plic.Read(Pending));

        Assert.Equal(10u, Claim(1));
        Assert.False(_supervisor[0].Level);
        Assert.Equal(0u, _plic.Read(Pending));
        Assert.Equal(0u, Claim(1));

        _plic.Source(10).Set(false);
        Complete(1, 10);
        Assert.False(_supervisor[0].Level);
    }

    [Fact]
    public void A_wire_still_high_at_completion_requests_again()
    {
        Configure(10, priority: 1, context: 1);
        _plic.Source(10).Set(true);
        Assert.Equal(10u, Claim(1));
        Complete(1, 10);
        Assert.True(_supervisor[0].Level);
        Assert.Equal(10u, Claim(1));
    }

    [Fact]
    public void A_request_forwarded_is_not_taken_back_and_pulses_in_service_are_not_queued()
    {
        Configure(10, priority: 1, context: 1);
        _plic.Source(10).Set(true);
        _plic.Source(10).Set(false);
        Assert.True(_supervisor[0].Level);
        Assert.Equal(10u, Claim(1));
        _plic.Source(10).Set(true);
        _plic.Source(10).Set(false);
        Assert.Equal(0u, _plic.Read(Pending));
        Complete(1, 10);
        Assert.False(_supervisor[0].Level);
    }

    [Fact]
    public void Claims_come_by_priority_then_by_lowest_number()
    {
        (int Source, uint Priority)[] sources = [(95, 7), (3, 2), (40, 5), (41, 5), (1, 1), (64, 7)];
        foreach ((int source, uint priority) in sources)
        {
            Configure(source, priority, context: 1);
            _plic.Source(source).Set(true);
        }

        Assert.Equal([64u, 95u, 40u, 41u, 3u, 1u, 0u], Enumerable.Range(0, 7).Select(_ => Claim(1)));
    }

    [Theory]
    [InlineData(0u, 0u, false, false)]
    [InlineData(1u, 0u, true, true)]
    [InlineData(3u, 3u, false, true)]
    [InlineData(4u, 3u, true, true)]
    [InlineData(7u, 7u, false, true)]
    public void The_threshold_masks_the_interrupt_but_not_the_claim(uint priority, uint threshold, bool interrupts, bool claimable)
    {
        Configure(5, priority, context: 1);
        _plic.Write(ThresholdOf(1), threshold);
        _plic.Source(5).Set(true);
        Assert.Equal(interrupts, _supervisor[0].Level);
        Assert.Equal(claimable ? 5u : 0u, Claim(1));
    }

    [Fact]
    public void Raising_and_lowering_the_threshold_moves_the_line()
    {
        Configure(5, priority: 3, context: 1);
        _plic.Source(5).Set(true);
        _plic.Write(ThresholdOf(1), 3);
        Assert.False(_supervisor[0].Level);
        _plic.Write(ThresholdOf(1), 2);
        Assert.True(_supervisor[0].Level);
        _plic.Write(5 * 4, 0);
        Assert.False(_supervisor[0].Level);
    }

    [Fact]
    public void Of_two_contexts_that_see_a_request_one_gets_the_claim()
    {
        Configure(7, priority: 1, context: 1);
        Configure(7, priority: 1, context: 3);
        _plic.Source(7).Set(true);
        Assert.Equal([true, true], _supervisor.Select(line => line.Level));
        Assert.Equal(7u, Claim(3));
        Assert.Equal([false, false], _supervisor.Select(line => line.Level));
        Assert.Equal(0u, Claim(1));
    }

    [Fact]
    public void Completion_counts_only_where_the_source_is_enabled_and_in_service()
    {
        Configure(7, priority: 1, context: 1);
        _plic.Source(7).Set(true);
        Complete(1, 7);
        Assert.Equal(1u << 7, _plic.Read(Pending));
        Assert.Equal(7u, Claim(1));
        Complete(0, 7);
        Complete(1, 8);
        Complete(1, 0);
        Complete(1, 96);
        Complete(1, 0xFFFF_FFFF);
        Assert.Equal(0u, _plic.Read(Pending));
        Complete(1, 7);
        Assert.Equal(1u << 7, _plic.Read(Pending));
    }

    [Fact]
    public void Disabling_hides_a_pending_source_without_losing_it()
    {
        Configure(33, priority: 1, context: 1);
        _plic.Source(33).Set(true);
        _plic.Write(EnableOf(1, 33), 0);
        Assert.False(_supervisor[0].Level);
        Assert.Equal(0u, Claim(1));
        Assert.Equal(2u, _plic.Read(Pending + 4));
        _plic.Write(EnableOf(1, 33), 2);
        Assert.Equal(33u, Claim(1));
    }

    [Fact]
    public void Registers_keep_only_what_exists()
    {
        _plic.Write(4, 0xFFFF_FFFF);
        Assert.Equal(7u, _plic.Read(4));
        _plic.Write(0, 7);
        Assert.Equal(0u, _plic.Read(0));
        _plic.Write(96 * 4, 7);
        Assert.Equal(0u, _plic.Read(96 * 4));
        _plic.Write(EnableOf(0, 0), 0xFFFF_FFFF);
        Assert.Equal(0xFFFF_FFFEu, _plic.Read(EnableOf(0, 0)));
        _plic.Write(EnableOf(0, 64), 0xFFFF_FFFF);
        Assert.Equal(0xFFFF_FFFFu, _plic.Read(EnableOf(0, 64)));
        _plic.Write(EnableOf(0, 96), 0xFFFF_FFFF);
        Assert.Equal(0u, _plic.Read(EnableOf(0, 96)));
        _plic.Write(EnableOf(4, 0), 0xFFFF_FFFF);
        Assert.Equal(0u, _plic.Read(EnableOf(4, 0)));
        _plic.Write(ThresholdOf(0), 0xFFFF_FFFF);
        Assert.Equal(7u, _plic.Read(ThresholdOf(0)));
        _plic.Write(ThresholdOf(4), 7);
        Assert.Equal(0u, _plic.Read(ThresholdOf(4)));
        _plic.Write(Pending, 0xFFFF_FFFF);
        Assert.Equal(0u, _plic.Read(Pending));
        Assert.Equal(0u, Claim(4));
    }

    [Theory]
    [InlineData(4u, 1)]
    [InlineData(4u, 2)]
    [InlineData(8u, 8)]
    [InlineData(6u, 4)]
    [InlineData(0x600000u, 4)]
    public void Only_aligned_words_inside_the_window_are_accepted(uint offset, int size)
    {
        Assert.False(_plic.TryRead(offset, size, out _));
        Assert.False(_plic.TryWrite(offset, size, 1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(96)]
    public void A_source_that_does_not_exist_is_the_callers_error(int number) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _plic.Source(number));

    [Fact]
    public void Reset_disables_all_but_wires_still_request()
    {
        Configure(7, priority: 1, context: 1);
        Configure(8, priority: 1, context: 1);
        _plic.Source(7).Set(true);
        _plic.Source(8).Set(true);
        _plic.Source(8).Set(false);
        Claim(1);
        _plic.Reset();
        Assert.False(_supervisor[0].Level);
        Assert.Equal(1u << 7, _plic.Read(Pending));
        Assert.Equal(0u, _plic.Read(7 * 4));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Lines_agree_with_a_plain_model_under_random_use(int seed)
    {
        Model model = new();
        Random random = new(seed);
        for (int i = 0; i < 30_000; i++)
        {
            int source = random.Next(3) == 0 ? random.Next(1, 96) : random.Next(30, 36);
            int context = random.Next(4);
            uint value = (uint)random.Next(8);
            switch (random.Next(7))
            {
                case 0:
                    _plic.Source(source).Set(true);
                    model.Set(source, true);
                    break;
                case 1:
                    _plic.Source(source).Set(false);
                    model.Set(source, false);
                    break;
                case 2:
                    _plic.Write((ulong)source * 4, value);
                    model.Priority[source] = value;
                    break;
                case 3:
                    uint bits = (uint)random.NextInt64();
                    int word = random.Next(3);
                    _plic.Write(EnableOf(context, word * 32), bits);
                    for (int bit = word == 0 ? 1 : 0; bit < 32; bit++)
                    {
                        model.Enable[context, (word * 32) + bit] = (bits >> bit & 1) != 0;
                    }

                    break;
                case 4:
                    _plic.Write(ThresholdOf(context), value / 4);
                    model.Threshold[context] = value / 4;
                    break;
                case 5:
                    Assert.Equal((uint)model.Claim(context), Claim(context));
                    break;
                default:
                    Complete(context, (uint)source);
                    model.Complete(context, source);
                    break;
            }

            for (int c = 0; c < 4; c++)
            {
                int best = model.Best(c);
                FakeLine line = (c % 2 == 0 ? _machine : _supervisor)[c / 2];
                Assert.Equal(model.Priority[best] > model.Threshold[c], line.Level);
            }
        }
    }

    [Fact]
    public void Hostile_accesses_never_throw() =>
        BusAccess.Fuzz(_plic, 9, 50_000, [0, 4, 0x17C, 0x1000, 0x2000, 0x2080, 0x200000, 0x200004, 0x201004, 0x5FFFFC, 0x600000], random =>
            _plic.Source(random.Next(1, 96)).Set(random.Next(2) == 0));

    [Fact]
    public async Task No_interrupt_is_lost_between_threads()
    {
        // Each source is a device that waits for its interrupt to be served before it raises the next.
        const int Sources = 4;
        const int Rounds = 5_000;
        int[] served = new int[Sources + 1];
        for (int source = 1; source <= Sources; source++)
        {
            Configure(source, priority: 1, context: 1);
            Configure(source, priority: 1, context: 3);
        }

        using CancellationTokenSource stop = new(TimeSpan.FromMinutes(1));
        Task[] harts = [.. Enumerable.Range(0, Harts).Select(hart => (hart * 2) + 1).Select(context => Task.Run(() =>
        {
            while (!stop.IsCancellationRequested && Enumerable.Range(1, Sources).Any(source => Volatile.Read(ref served[source]) < Rounds))
            {
                uint source = Claim(context);
                if (source == 0)
                {
                    Thread.Yield();
                    continue;
                }

                // The handler lowers the wire, notes the service, and the device raises it again before or after completion.
                _plic.Source((int)source).Set(false);
                if (Interlocked.Increment(ref served[source]) < Rounds)
                {
                    _plic.Source((int)source).Set(true);
                }

                Complete(context, source);
            }
        }))];
        for (int source = 1; source <= Sources; source++)
        {
            _plic.Source(source).Set(true);
        }

        await Task.WhenAll(harts);
        Assert.Equal([0, Rounds, Rounds, Rounds, Rounds], served);
        Assert.False(_supervisor[0].Level || _supervisor[1].Level);
    }

    private static ulong EnableOf(int context, int source) => 0x2000 + ((ulong)context * 0x80) + ((ulong)source / 32 * 4);

    private static ulong ThresholdOf(int context) => 0x20_0000 + ((ulong)context * 0x1000);

    private uint Claim(int context) => (uint)_plic.Read(ThresholdOf(context) + 4);

    private void Complete(int context, uint source) => _plic.Write(ThresholdOf(context) + 4, source);

    private void Configure(int source, uint priority, int context)
    {
        _plic.Write((ulong)source * 4, priority);
        ulong enable = EnableOf(context, source);
        _plic.Write(enable, _plic.Read(enable) | (1u << (source % 32)));
    }

    /// <summary>The specification's rules, one source at a time.</summary>
    private sealed class Model
    {
        private readonly bool[] _level = new bool[96];
        private readonly bool[] _pending = new bool[96];
        private readonly bool[] _inService = new bool[96];

        public uint[] Priority { get; } = new uint[96];

        public bool[,] Enable { get; } = new bool[Harts * 2, 96];

        public uint[] Threshold { get; } = new uint[Harts * 2];

        public void Set(int source, bool level)
        {
            _level[source] = level;
            _pending[source] |= level && !_inService[source];
        }

        public int Best(int context) => Enumerable.Range(1, 95)
            .Where(s => _pending[s] && Enable[context, s] && Priority[s] > 0)
            .OrderByDescending(s => Priority[s]).ThenBy(s => s).FirstOrDefault();

        public int Claim(int context)
        {
            int source = Best(context);
            if (source != 0)
            {
                _pending[source] = false;
                _inService[source] = true;
            }

            return source;
        }

        public void Complete(int context, int source)
        {
            if (Enable[context, source] && _inService[source])
            {
                _inService[source] = false;
                _pending[source] = _level[source];
            }
        }
    }
}
