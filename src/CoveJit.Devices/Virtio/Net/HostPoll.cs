using System.Runtime.InteropServices;

namespace CoveJit.Devices.Virtio.Net;

/// <summary>The few host calls the network threads wait with (Linux numbers).</summary>
internal static partial class HostPoll
{
    public const short In = 1;
    public const short Priority = 2;
    public const short Out = 4;
    public const short Error = 8;
    public const short HangUp = 16;

    private const int NonBlocking = 0x800; // EFD_NONBLOCK, O_NONBLOCK
    private const int CloseOnExec = 0x80000; // EFD_CLOEXEC

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Entry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    /// <summary>Waits for any entry; a negative timeout in milliseconds waits for ever. Negative on error, EINTR among them.</summary>
    public static unsafe int Wait(Span<Entry> entries, int timeout)
    {
        fixed (Entry* first = entries)
        {
            return NativePoll(first, (nuint)entries.Length, timeout);
        }
    }

    /// <summary>Makes a counter another thread can be woken with.</summary>
    public static int CreateWaker()
    {
        int descriptor = NativeEventFd(0, NonBlocking | CloseOnExec);
        return descriptor >= 0 ? descriptor : throw new IOException("the host has no file descriptor left (eventfd)");
    }

    /// <summary>Wakes the thread that polls the counter.</summary>
    public static unsafe void Wake(int descriptor)
    {
        ulong one = 1;
        _ = Write(descriptor, (byte*)&one, sizeof(ulong));
    }

    /// <summary>Takes the counter back to zero.</summary>
    public static unsafe void ClearWaker(int descriptor)
    {
        ulong count;
        _ = Read(descriptor, (byte*)&count, sizeof(ulong));
    }

    [LibraryImport("libc", EntryPoint = "read")]
    public static unsafe partial nint Read(int descriptor, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "write")]
    public static unsafe partial nint Write(int descriptor, byte* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static unsafe partial int NativePoll(Entry* entries, nuint count, int timeout);

    [LibraryImport("libc", EntryPoint = "eventfd")]
    private static partial int NativeEventFd(uint initial, int flags);
}
