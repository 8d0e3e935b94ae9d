using System.Runtime.InteropServices;

namespace CoveJit.Cli.Terminal;

/// <summary>
/// System calls on file descriptors. System.Console is not used while the terminal is raw: its own terminal handling would
/// save and restore the raw settings as if they were the user's.
/// </summary>
internal static unsafe partial class HostFile
{
    public const int StandardInput = 0;
    public const int StandardOutput = 1;
    public const int StandardError = 2;

    private const int Eintr = 4;
    private const int Eagain = 11;
    private const int SigStop = 19;
    private const short PollIn = 1;
    private const short PollOut = 4;

    /// <summary>Waits up to the timeout (negative: for ever) for input; true if a read will not block.</summary>
    public static bool WaitReadable(int descriptor, int timeoutMilliseconds) => Wait(descriptor, PollIn, timeoutMilliseconds);

    /// <summary>Reads what there is, waiting for at least one byte; 0 at the end of the file or on an error.</summary>
    public static int Read(int descriptor, Span<byte> buffer)
    {
        while (true)
        {
            nint count;
            fixed (byte* start = buffer)
            {
                count = NativeRead(descriptor, start, (nuint)buffer.Length);
            }

            if (count >= 0)
            {
                return (int)count;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Eintr:
                    break;
                case Eagain:
                    Wait(descriptor, PollIn, -1);
                    break;
                default:
                    return 0;
            }
        }
    }

    /// <summary>Writes everything; false if the other end is gone.</summary>
    public static bool WriteAll(int descriptor, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            nint count;
            fixed (byte* start = data)
            {
                count = NativeWrite(descriptor, start, (nuint)data.Length);
            }

            if (count >= 0)
            {
                data = data[(int)count..];
                continue;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Eintr:
                    break;
                case Eagain:
                    // Another process that shares the terminal made it non-blocking.
                    Wait(descriptor, PollOut, -1);
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    /// <summary>Stops this process as job control does, until SIGCONT.</summary>
    public static void StopProcess()
    {
        // Fails only for a process that may not signal itself, which does not exist.
        _ = NativeKill(Environment.ProcessId, SigStop);
    }

    private static bool Wait(int descriptor, short events, int timeoutMilliseconds)
    {
        PollRequest request = new() { Descriptor = descriptor, Events = events };
        return NativePoll(&request, 1, timeoutMilliseconds) > 0;
    }

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint NativeRead(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint NativeWrite(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int NativePoll(PollRequest* requests, nuint count, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int NativeKill(int process, int signal);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollRequest
    {
        public int Descriptor;
        public short Events;
        public short Occurred;
    }
}
