using System.ComponentModel;
using System.Runtime.InteropServices;

namespace CoveJit.Harts.Timing;

/// <summary>Puts a hart's thread to sleep with nanosecond deadlines (ppoll on an eventfd): .NET's own waits round to milliseconds.</summary>
internal sealed unsafe partial class HartSleeper : IDisposable
{
    private const short PollIn = 1;
    private const int NonBlockingCloseOnExec = 0x800 | 0x80000;

    private readonly int _fd;
    private volatile bool _sleeping;

    public HartSleeper()
    {
        _fd = EventFd(0, NonBlockingCloseOnExec);
        if (_fd < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "eventfd");
        }
    }

    /// <summary>Sleeps until woken, until <paramref name="nanoseconds"/> have passed, or not at all if attention is already raised.</summary>
    public void Sleep(ref int attention, ulong? nanoseconds)
    {
        _sleeping = true;
        Interlocked.MemoryBarrier(); // Wake raises attention first, then looks at _sleeping
        if (Volatile.Read(ref attention) == 0)
        {
            PollFd poll = new() { Fd = _fd, Events = PollIn };
            TimeSpec time = default;
            if (nanoseconds is ulong ns)
            {
                time.Seconds = (long)(ns / 1_000_000_000);
                time.Nanoseconds = (long)(ns % 1_000_000_000);
            }

            _ = PPoll(&poll, 1, nanoseconds is null ? null : &time, null);
        }

        _sleeping = false;
        ulong count;
        _ = Read(_fd, &count, 8);
    }

    /// <summary>Wakes the sleeper, if it sleeps. Thread-safe; the caller has raised attention before.</summary>
    public void Wake()
    {
        if (_sleeping)
        {
            ulong one = 1;
            _ = Write(_fd, &one, 8);
        }
    }

    public void Dispose() => _ = Close(_fd);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "ppoll")]
    private static partial int PPoll(PollFd* fds, nuint count, TimeSpec* timeout, void* signalMask);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int fd, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(int fd, void* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int fd);

    private struct PollFd
    {
        public int Fd;
        public short Events;
        public short Returned;
    }

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
