using ThreadMonitor = System.Threading.Monitor;

namespace CoveJit.Cli.Terminal;

/// <summary>
/// Standard output for the guest: harts put bytes into a buffer, one thread writes them, at most <see cref="FlushMilliseconds"/>
/// later. A hart waits only if the reader of our output is slower than the guest; nothing is lost at exit.
/// </summary>
public sealed class ConsoleOutput : IDisposable
{
    /// <summary>Longest time in milliseconds a byte waits for others to be written with it.</summary>
    public const int FlushMilliseconds = 2;

    private const int Capacity = 64 << 10;

    // Past this a write is large enough to be worth its system call.
    private const int Eager = 4096;

    private const int ExitMilliseconds = 5000;

    private readonly int _descriptor;
    private readonly Thread _writer;
    private readonly object _gate = new();
    private byte[] _filling = new byte[Capacity];
    private byte[] _writing = new byte[Capacity];
    private int _count;
    private bool _busy;
    private bool _closing;
    private bool _broken;

    /// <summary>Starts the writer's thread.</summary>
    /// <param name="descriptor">File descriptor, 1 for standard output.</param>
    public ConsoleOutput(int descriptor)
    {
        _descriptor = descriptor;
        _writer = new Thread(Run) { IsBackground = true, Name = "console output" };
        _writer.Start();
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    /// <summary>Queues bytes, in order; waits while the buffer is full. After <see cref="Dispose"/>, and once the reader is gone, bytes are dropped.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            while (!bytes.IsEmpty && !_closing && !_broken)
            {
                int room = Math.Min(bytes.Length, Capacity - _count);
                if (room == 0)
                {
                    ThreadMonitor.Wait(_gate);
                    continue;
                }

                bytes[..room].CopyTo(_filling.AsSpan(_count));
                int before = _count;
                _count += room;
                bytes = bytes[room..];

                // The writer is woken for the first byte, and again when there is enough to stop collecting.
                if (before == 0 || (before < Eager && _count >= Eager))
                {
                    ThreadMonitor.PulseAll(_gate);
                }
            }
        }
    }

    /// <summary>Waits until everything queued so far has been written, or the reader is gone.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            while ((_count > 0 || _busy) && !_broken)
            {
                ThreadMonitor.Wait(_gate);
            }
        }
    }

    /// <summary>Writes what is left and stops the thread.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closing = true;
            ThreadMonitor.PulseAll(_gate);
        }

        _writer.Join();
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
    }

    // A process told to end may not hang because nobody reads its output any more.
    private void OnExit(object? sender, EventArgs arguments)
    {
        lock (_gate)
        {
            _closing = true;
            ThreadMonitor.PulseAll(_gate);
        }

        _writer.Join(ExitMilliseconds);
    }

    private void Run()
    {
        while (true)
        {
            int count;
            lock (_gate)
            {
                while (_count == 0 && !_closing)
                {
                    ThreadMonitor.Wait(_gate);
                }

                if (_count == 0)
                {
                    return;
                }

                // A guest writes its console byte by byte: a moment's wait makes lines of them.
                if (_count < Eager && !_closing)
                {
                    ThreadMonitor.Wait(_gate, FlushMilliseconds);
                }

                (_filling, _writing) = (_writing, _filling);
                count = _count;
                _count = 0;
                _busy = true;
                ThreadMonitor.PulseAll(_gate);
            }

            bool written = HostFile.WriteAll(_descriptor, _writing.AsSpan(0, count));
            lock (_gate)
            {
                _busy = false;
                _broken |= !written;
                ThreadMonitor.PulseAll(_gate);
            }
        }
    }
}
