namespace CoveJit.Cli.Terminal;

/// <summary>
/// Reads standard input on a thread of its own and hands it to the guest. From a terminal, escape keys are acted on even while
/// the guest takes nothing; from a pipe every byte is data, reading waits for the guest, and the end of the file only ends input.
/// </summary>
public sealed class ConsoleInput
{
    private const int BufferSize = 4096;
    private const int RetryMilliseconds = 10;

    // Typing ahead of a guest that never reads ends here; more is dropped, as a terminal would.
    private const int MostPending = 64 << 10;

    private readonly int _descriptor;
    private readonly bool _terminal;
    private readonly InputSink _guest;
    private readonly Action<EscapeAction> _escape;
    private readonly List<byte> _pending = [];
    private EscapeParser _parser;

    /// <summary>Starts nothing yet.</summary>
    /// <param name="descriptor">File descriptor, 0 for standard input.</param>
    /// <param name="terminal">Whether it is a terminal in raw mode, so that escape keys count.</param>
    /// <param name="guest">Where bytes go; called from the reader's thread.</param>
    /// <param name="escape">Called from the reader's thread for <see cref="EscapeAction.Quit"/> and <see cref="EscapeAction.Help"/>.</param>
    public ConsoleInput(int descriptor, bool terminal, InputSink guest, Action<EscapeAction> escape)
    {
        _descriptor = descriptor;
        _terminal = terminal;
        _guest = guest;
        _escape = escape;
    }

    /// <summary>Starts the reader. Its thread ends with the input or with the process; it never keeps the process alive.</summary>
    public Thread Start()
    {
        Thread thread = new(Run) { IsBackground = true, Name = "console input" };
        thread.Start();
        return thread;
    }

    private void Run()
    {
        byte[] buffer = new byte[BufferSize];
        while (true)
        {
            Offer();
            if (_pending.Count > 0)
            {
                bool more = _terminal && HostFile.WaitReadable(_descriptor, RetryMilliseconds);
                if (!more)
                {
                    if (!_terminal)
                    {
                        Thread.Sleep(RetryMilliseconds);
                    }

                    continue;
                }
            }

            int count = HostFile.Read(_descriptor, buffer);
            if (count == 0)
            {
                break;
            }

            Take(buffer.AsSpan(0, count));
        }

        while (_pending.Count > 0)
        {
            Offer();
            Thread.Sleep(RetryMilliseconds);
        }
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        if (!_terminal)
        {
            _pending.AddRange(bytes);
            return;
        }

        foreach (byte key in bytes)
        {
            EscapeAction action = _parser.Next(key);
            if (action == EscapeAction.Send && _pending.Count < MostPending)
            {
                _pending.Add(key);
            }
            else if (action is EscapeAction.Quit or EscapeAction.Help)
            {
                // What was typed before the escape reaches the guest before it takes effect.
                Offer();
                _escape(action);
            }
        }
    }

    private void Offer()
    {
        if (_pending.Count > 0)
        {
            int taken = _guest(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_pending));
            _pending.RemoveRange(0, taken);
        }
    }
}
