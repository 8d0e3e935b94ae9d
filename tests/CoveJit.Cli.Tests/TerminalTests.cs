using System.Collections.Concurrent;
using System.Text;
using CoveJit.Cli.Terminal;

namespace CoveJit.Cli.Tests;

public sealed class TerminalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("abc", "abc", "")]
    [InlineData("\u0003", "\u0003", "")]
    [InlineData("a\u0001xb", "ab", "Quit")]
    [InlineData("a\u0001Xb", "ab", "Quit")]
    [InlineData("\u0001\u0001", "\u0001", "")]
    [InlineData("\u0001\u0001x", "\u0001x", "")]
    [InlineData("\u0001\u0001\u0001x", "\u0001", "Quit")]
    [InlineData("\u0001hx", "x", "Help")]
    [InlineData("\u0001cx", "x", "Help")]
    [InlineData("\u0001?", "", "Help")]
    [InlineData("\u0001zx", "x", "")]
    [InlineData("\u0001", "", "")]
    public void Escapes_are_told_from_data(string typed, string sent, string actions)
    {
        EscapeParser parser = default;
        StringBuilder toGuest = new();
        List<EscapeAction> seen = [];
        foreach (char c in typed)
        {
            switch (parser.Next((byte)c))
            {
                case EscapeAction.Send:
                    toGuest.Append(c);
                    break;
                case EscapeAction.None:
                    break;
                case var action:
                    seen.Add(action);
                    break;
            }
        }

        Assert.Equal(sent, toGuest.ToString());
        Assert.Equal(actions, string.Join(',', seen));
    }

    [Fact]
    public void Raw_mode_is_undone_exactly()
    {
        (int keyboard, int terminal) = Host.Pty();
        Assert.True(Termios.TryGet(terminal, out Termios before));
        Assert.False(before.IsRaw);

        using (RawTerminal raw = RawTerminal.TryEnter(terminal)!)
        {
            Assert.True(Termios.TryGet(terminal, out Termios during));
            Assert.True(during.IsRaw);
            raw.Dispose();
            raw.Dispose();
        }

        Assert.True(Termios.TryGet(terminal, out Termios after));
        Assert.Equal(before, after);
        Host.Close(keyboard);
        Host.Close(terminal);
    }

    [Fact]
    public void A_guest_that_says_nothing_is_reported_once_and_one_that_speaks_is_not()
    {
        using BlockingCollection<string> silent = [];
        using (new SilenceWatch(TimeSpan.FromMilliseconds(1), silent.Add))
        {
            Assert.True(silent.TryTake(out string? line, Patience));
            Assert.Contains("--memory", line, StringComparison.Ordinal);
            Assert.False(silent.TryTake(out _, TimeSpan.FromMilliseconds(50)));
        }

        using BlockingCollection<string> speaking = [];
        using SilenceWatch watch = new(TimeSpan.FromSeconds(1), speaking.Add);
        watch.Heard();
        Assert.False(speaking.TryTake(out _, TimeSpan.FromMilliseconds(1300)));
    }

    [Fact]
    public void A_pipe_is_no_terminal()
    {
        (int read, int write) = Host.Pipe();
        Assert.Null(RawTerminal.TryEnter(read));
        Host.Close(read);
        Host.Close(write);
    }

    [Fact]
    public void Keys_of_a_raw_terminal_reach_the_guest_and_escapes_work_although_the_guest_reads_nothing()
    {
        (int keyboard, int terminal) = Host.Pty();
        using RawTerminal raw = RawTerminal.TryEnter(terminal)!;
        using ManualResetEventSlim quit = new();
        using ManualResetEventSlim received = new();
        StringBuilder guest = new();
        bool reads = false;
        ConsoleInput input = new(
            terminal,
            terminal: true,
            bytes =>
            {
                if (!Volatile.Read(ref reads))
                {
                    return 0;
                }

                guest.Append(Encoding.ASCII.GetString(bytes));
                received.Set();
                return bytes.Length;
            },
            action =>
            {
                Assert.Equal(EscapeAction.Quit, action);
                quit.Set();
            });
        Thread thread = input.Start();
        HostFile.WriteAll(keyboard, "ls\r\u0003\u0001x"u8);
        Assert.True(quit.Wait(Patience));
        Volatile.Write(ref reads, true);
        Assert.True(received.Wait(Patience));
        Assert.Equal("ls\r\u0003", guest.ToString());

        // Hanging up ends the reader.
        Host.Close(keyboard);
        Assert.True(thread.Join(Patience));
        Host.Close(terminal);
    }

    [Fact]
    public void A_pipe_is_read_to_its_end_byte_for_byte_however_slowly_the_guest_takes_it()
    {
        (int read, int write) = Host.Pipe();
        byte[] data = [.. Enumerable.Range(0, 20000).Select(i => (byte)i)];
        List<byte> guest = [];
        int calls = 0;
        ConsoleInput input = new(
            read,
            terminal: false,
            bytes =>
            {
                int take = Math.Min(bytes.Length, calls++ % 3 * 1000);
                guest.AddRange(bytes[..take]);
                return take;
            },
            _ => Assert.Fail("A pipe has no escape keys."));
        Thread thread = input.Start();
        Assert.True(HostFile.WriteAll(write, data));
        Host.Close(write);
        Assert.True(thread.Join(Patience));
        Assert.Equal(data, guest);
        Host.Close(read);
    }

    [Fact]
    public void Output_arrives_complete_and_in_order()
    {
        (int read, int write) = Host.Pipe();
        MemoryStream collected = new();
        Thread reader = new(() =>
        {
            byte[] buffer = new byte[1000];
            while (HostFile.Read(read, buffer) is > 0 and int count)
            {
                collected.Write(buffer, 0, count);
            }
        });
        reader.Start();
        MemoryStream expected = new();
        using (ConsoleOutput output = new(write))
        {
            for (int i = 0; i < 50000; i++)
            {
                byte[] piece = Encoding.ASCII.GetBytes($"{i} ");
                expected.Write(piece);
                output.Write(piece);
            }
        }

        Host.Close(write);
        Assert.True(reader.Join(Patience));
        Assert.Equal(expected.ToArray(), collected.ToArray());
        Host.Close(read);
    }

    [Fact]
    public void A_prompt_arrives_without_a_flush()
    {
        (int read, int write) = Host.Pipe();
        using ConsoleOutput output = new(write);
        output.Write("# "u8);
        Assert.True(HostFile.WaitReadable(read, (int)Patience.TotalMilliseconds));
        byte[] buffer = new byte[8];
        Assert.Equal(2, HostFile.Read(read, buffer));
        Host.Close(read);

        // The reader is gone: output is dropped, nobody waits.
        for (int i = 0; i < 100; i++)
        {
            output.Write(new byte[64 << 10]);
        }

        output.Flush();
    }
}
