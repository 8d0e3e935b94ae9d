using System.Text;
using CoveJit.Devices.Serial;
using CoveJit.Devices.Tests.BoardFakes;

namespace CoveJit.Devices.Tests.Serial;

public class UartTests
{
    private const ulong Rbr = 0;
    private const ulong Thr = 0;
    private const ulong Ier = 1;
    private const ulong Iir = 2;
    private const ulong Fcr = 2;
    private const ulong Lcr = 3;
    private const ulong Mcr = 4;
    private const ulong Lsr = 5;
    private const ulong Msr = 6;
    private const ulong Scr = 7;

    private readonly FakeLine _line = new();
    private readonly Capture _output = new();
    private readonly Uart _uart;

    public UartTests() => _uart = new Uart("uart0", _line, _output);

    [Fact]
    public void Registers_after_reset_are_those_of_the_data_sheet()
    {
        Assert.Equal(0x00u, Read(Ier));
        Assert.Equal(0x01u, Read(Iir));
        Assert.Equal(0x00u, Read(Lcr));
        Assert.Equal(0x00u, Read(Mcr));
        Assert.Equal(0x60u, Read(Lsr));
        Assert.Equal(0xB0u, Read(Msr));
        Assert.False(_line.Level);
    }

    [Fact]
    public void Output_reaches_the_backend_in_order()
    {
        foreach (byte b in "hello\n"u8)
        {
            Assert.Equal(0x60u, Read(Lsr) & 0x60);
            Write(Thr, b);
        }

        Assert.Equal("hello\n", _output.Text);
    }

    [Fact]
    public void Firmware_takes_input_past_the_registers_in_order()
    {
        Write(Fcr, 1);
        Write(Ier, 1);
        byte[] text = Encoding.ASCII.GetBytes("the quick brown fox jumps over the lazy dog");
        Assert.Equal(text.Length, _uart.Receive(text));
        byte[] taken = new byte[20];
        Assert.Equal(20, _uart.Take(taken));
        Assert.Equal(text[..20], taken);
        Assert.Equal((uint)text[20], Read(Rbr));
        byte[] rest = new byte[100];
        Assert.Equal(text.Length - 21, _uart.Take(rest));
        Assert.Equal(text[21..], rest[..(text.Length - 21)]);
        Assert.False(_line.Level);
        Assert.Equal(0, _uart.Take(rest));
    }

    [Fact]
    public void Output_does_not_allocate()
    {
        Write(Thr, 'x');
        _output.Discard = true;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
        {
            _uart.TryRead(Lsr, 1, out _);
            _uart.TryWrite(Thr, 1, 'x');
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void The_divisor_latch_hides_data_and_interrupt_enable()
    {
        Write(Ier, 0x05);
        Write(Lcr, 0x83);
        Write(0, 0x34);
        Write(1, 0x12);
        Assert.Equal(0x34u, Read(0));
        Assert.Equal(0x12u, Read(1));
        Write(Lcr, 0x03);
        Assert.Equal(0x05u, Read(Ier));
        Assert.Equal("", _output.Text);
    }

    [Fact]
    public void Reserved_bits_read_zero_and_scratch_keeps_all()
    {
        Write(Ier, 0xFF);
        Write(Mcr, 0xEF);
        Write(Scr, 0xA5);
        Assert.Equal(0x0Fu, Read(Ier));
        Assert.Equal(0x0Fu, Read(Mcr));
        Assert.Equal(0xA5u, Read(Scr));
        Write(Lsr, 0xFF);
        Write(Msr, 0xFF);
        Assert.Equal(0x60u, Read(Lsr));
        Assert.Equal(0xB0u, Read(Msr));
    }

    [Fact]
    public void Identification_shows_the_fifos()
    {
        Assert.Equal(0x00u, Read(Iir) & 0xC0);
        Write(Fcr, 0x01);
        Assert.Equal(0xC1u, Read(Iir));
        Write(Fcr, 0x00);
        Assert.Equal(0x01u, Read(Iir));
    }

    [Theory]
    [InlineData(0x01, 1)]
    [InlineData(0x41, 4)]
    [InlineData(0x81, 8)]
    [InlineData(0xC1, 14)]
    public void Data_available_starts_at_the_trigger_level_and_below_it_is_a_timeout(byte fcr, int level)
    {
        Write(Fcr, fcr);
        Write(Ier, 0x01);
        for (int count = 1; count <= 16; count++)
        {
            Assert.Equal(1, _uart.Receive([(byte)count]));
            Assert.Equal(count >= level ? 0xC4u : 0xCCu, Read(Iir));
            Assert.True(_line.Level);
        }

        for (int count = 16; count > 0; count--)
        {
            Assert.Equal(count >= level ? 0xC4u : 0xCCu, Read(Iir));
            Assert.Equal(17u - (uint)count, Read(Rbr));
        }

        Assert.Equal(0xC1u, Read(Iir));
        Assert.False(_line.Level);
    }

    [Fact]
    public void Without_fifos_one_byte_waits_and_the_rest_follows_without_overrun()
    {
        Write(Ier, 0x05);
        _uart.Receive("abc"u8);
        Assert.Equal("abc", ReadAll());
        Assert.Equal(0x60u, Read(Lsr));
        Assert.Equal(0u, Read(Rbr));
    }

    [Fact]
    public void Interrupts_are_identified_by_priority()
    {
        Write(Fcr, 0x01);
        // Overrun in loopback, with data in the FIFO, THR empty and modem lines changed: all four at once.
        Write(Mcr, 0x10);
        for (int i = 0; i < 17; i++)
        {
            Write(Thr, (byte)i);
        }

        Write(Ier, 0x0F);
        Assert.Equal(0xC6u, Read(Iir));
        Assert.Equal(0x63u, Read(Lsr));
        Assert.Equal(0xC4u, Read(Iir));
        Assert.Equal(16, ReadAll().Length);
        Assert.Equal(0xC2u, Read(Iir));
        Assert.Equal(0xC0u, Read(Iir));
        Assert.True(_line.Level);
        Assert.NotEqual(0u, Read(Msr) & 0x0F);
        Assert.Equal(0xC1u, Read(Iir));
        Assert.False(_line.Level);
    }

    [Fact]
    public void Thr_empty_interrupts_on_enabling_and_after_each_byte_and_reading_the_cause_clears_it()
    {
        Write(Ier, 0x02);
        Assert.True(_line.Level);
        Assert.Equal(0x02u, Read(Iir));
        Assert.False(_line.Level);
        Assert.Equal(0x01u, Read(Iir));
        Write(Thr, 'a');
        Assert.True(_line.Level);
        Assert.Equal(0x02u, Read(Iir));

        // Off and on again raises it anew: Linux probes for exactly this.
        Write(Ier, 0x00);
        Write(Ier, 0x02);
        Assert.Equal(0x02u, Read(Iir));
        Write(Ier, 0x02);
        Assert.Equal(0x01u, Read(Iir));
    }

    [Fact]
    public void Reading_a_higher_cause_leaves_thr_empty_pending()
    {
        Write(Ier, 0x03);
        _uart.Receive("a"u8);
        Assert.Equal(0x04u, Read(Iir));
        Read(Rbr);
        Assert.Equal(0x02u, Read(Iir));
    }

    [Fact]
    public void Masked_sources_do_not_drive_the_line()
    {
        _uart.Receive("a"u8);
        Write(Thr, 'x');
        Assert.False(_line.Level);
        Assert.Equal(0x01u, Read(Iir));
        Write(Ier, 0x01);
        Assert.True(_line.Level);
        Write(Ier, 0x00);
        Assert.False(_line.Level);
    }

    [Fact]
    public void Loopback_returns_data_and_modem_lines_and_cuts_the_port_off()
    {
        Write(Fcr, 0x01);
        Write(Mcr, 0x1A);
        // Linux's presence test: OUT2 and RTS come back as DCD and CTS.
        Assert.Equal(0x90u, Read(Msr) & 0xF0);
        _uart.Receive("outside"u8);
        Write(Thr, 'L');
        Assert.Equal("L", ReadAll());
        Assert.Equal("", _output.Text);
        Write(Mcr, 0x00);
        Assert.Equal("outside", ReadAll());
    }

    [Theory]
    [InlineData(0x10, 0x11, 0x22)]
    [InlineData(0x10, 0x12, 0x11)]
    [InlineData(0x10, 0x14, 0x40)]
    [InlineData(0x14, 0x10, 0x04)]
    [InlineData(0x10, 0x18, 0x88)]
    [InlineData(0x1F, 0x10, 0x0F)]
    public void Modem_changes_are_noted_and_cleared_by_reading(byte before, byte after, byte expected)
    {
        Write(Mcr, before);
        Read(Msr);
        Write(Mcr, after);
        Assert.Equal(expected, Read(Msr));
        Assert.Equal(0u, Read(Msr) & 0x0F);
    }

    [Fact]
    public void An_overrun_in_loopback_keeps_the_fifo_but_replaces_the_single_register()
    {
        Write(Mcr, 0x10);
        Write(Thr, 'a');
        Write(Thr, 'b');
        Assert.Equal(0x63u, Read(Lsr));
        Assert.Equal(0x61u, Read(Lsr));
        Assert.Equal("b", ReadAll());
        Write(Fcr, 0x01);
        for (int i = 0; i < 20; i++)
        {
            Write(Thr, (byte)('a' + i));
        }

        Assert.Equal(0x63u, Read(Lsr));
        Assert.Equal("abcdefghijklmnop", ReadAll());
    }

    [Theory]
    [InlineData(0x03, true)]
    [InlineData(0x01, false)]
    [InlineData(0x05, false)]
    [InlineData(0x00, true)]
    [InlineData(0x02, true)]
    public void Resetting_or_switching_the_fifo_drops_what_is_in_it_and_nothing_behind(byte fcr, bool drops)
    {
        Write(Fcr, 0x01);
        string text = new string('f', 16) + "queued";
        _uart.Receive(Encoding.ASCII.GetBytes(text));
        Write(Fcr, fcr);
        Assert.Equal(drops ? "queued" : text, ReadAll());
    }

    [Fact]
    public void Input_is_bounded_and_nothing_accepted_is_lost()
    {
        byte[] data = new byte[100_000];
        new Random(1).NextBytes(data);
        Write(Fcr, 0x01);
        int accepted = _uart.Receive(data);
        Assert.Equal(Uart.InputQueueSize, accepted);
        Assert.Equal(16, _uart.InputRoom);
        accepted += _uart.Receive(data.AsSpan(accepted));
        Assert.Equal(Uart.InputQueueSize + 16, accepted);
        Assert.Equal(0, _uart.InputRoom);
        Assert.Equal(0, _uart.Receive("x"u8));

        List<byte> read = [];
        while ((Read(Lsr) & 1) != 0)
        {
            read.Add((byte)Read(Rbr));
            accepted += _uart.Receive(data.AsSpan(accepted));
        }

        Assert.Equal(data, read);
    }

    [Fact]
    public async Task Input_from_another_thread_arrives_whole()
    {
        byte[] data = new byte[300_000];
        new Random(2).NextBytes(data);
        Write(Fcr, 0xC1);
        Task feeder = Task.Run(() =>
        {
            for (int sent = 0; sent < data.Length;)
            {
                int accepted = _uart.Receive(data.AsSpan(sent, Math.Min(1000, data.Length - sent)));
                sent += accepted;
                if (accepted == 0)
                {
                    Thread.Yield();
                }
            }
        });
        List<byte> read = [];
        while (read.Count < data.Length)
        {
            if ((Read(Lsr) & 1) != 0)
            {
                read.Add((byte)Read(Rbr));
            }
            else if (feeder.IsFaulted)
            {
                break;
            }
        }

        await feeder;
        Assert.Equal(data, read);
    }

    [Fact]
    public void Reset_clears_the_registers_and_keeps_waiting_input()
    {
        Write(Fcr, 0x01);
        Write(Ier, 0x0F);
        _uart.Receive("0123456789abcdefrest"u8);
        _uart.Reset();
        Assert.False(_line.Level);
        Assert.Equal(0u, Read(Ier));
        Assert.Equal("rest", ReadAll());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Every_size_reaches_the_one_register_of_its_offset(int size)
    {
        _uart.Write(Scr, 0xFFFF_FFFF_FFFF_FF5A & (size == 8 ? ulong.MaxValue : (1UL << (size * 8)) - 1), size);
        Assert.Equal(0x5Au, _uart.Read(Scr, size));
        _uart.Write(Thr, 0x4142_4344, size);
        Assert.Equal("D", _output.Text);
        Assert.Equal(0xB0u, _uart.Read(Msr, size));
    }

    [Theory]
    [InlineData(8u)]
    [InlineData(0xFFu)]
    [InlineData(0x100u)]
    [InlineData(0x1_0000_0000u)]
    public void Offsets_beyond_the_registers_are_refused(ulong offset)
    {
        Assert.False(_uart.TryRead(offset, 1, out _));
        Assert.False(_uart.TryWrite(offset, 1, 0));
    }

    [Fact]
    public void Hostile_accesses_never_throw_and_the_line_always_agrees_with_the_identification()
    {
        _output.Discard = true;
        BusAccess.Fuzz(_uart, 11, 100_000, [0, 1, 2, 3, 4, 5, 6, 7, 8], random =>
        {
            if (random.Next(4) == 0)
            {
                byte[] input = new byte[random.Next(random.Next(100) == 0 ? 70_000 : 40)];
                int room = _uart.InputRoom;
                Assert.True(_uart.Receive(input) >= Math.Min(room, input.Length));
                Assert.InRange(_uart.InputRoom, 0, Uart.InputQueueSize);
            }

            bool line = _line.Level;
            Assert.Equal(line, (Read(Iir) & 1) == 0);
        });
    }

    [Fact]
    public void The_same_accesses_give_the_same_outcome()
    {
        static string Play()
        {
            StringBuilder trace = new();
            FakeLine line = new();
            Capture output = new();
            Uart uart = new("uart", line, output);
            Random random = new(4);
            for (int i = 0; i < 20_000; i++)
            {
                ulong offset = (ulong)random.Next(8);
                if (random.Next(3) == 0)
                {
                    uart.Receive([(byte)i]);
                }

                if (random.Next(2) == 0)
                {
                    uart.TryWrite(offset, 1, (ulong)random.Next(256));
                }
                else
                {
                    uart.TryRead(offset, 1, out ulong value);
                    trace.Append(value).Append(line.Level ? '!' : '.');
                }
            }

            return trace + output.Text;
        }

        Assert.Equal(Play(), Play());
    }

    private ulong Read(ulong offset) => _uart.Read(offset, 1);

    private void Write(ulong offset, ulong value) => _uart.Write(offset, value, 1);

    private string ReadAll()
    {
        StringBuilder text = new();
        while ((Read(Lsr) & 1) != 0)
        {
            text.Append((char)Read(Rbr));
        }

        return text.ToString();
    }

    private sealed class Capture : ICharacterBackend
    {
        private readonly List<byte> _bytes = [];

        public bool Discard { get; set; }

        public string Text => Encoding.Latin1.GetString([.. _bytes]);

        public void Write(ReadOnlySpan<byte> bytes)
        {
            if (!Discard)
            {
                _bytes.AddRange(bytes);
            }
        }
    }
}
