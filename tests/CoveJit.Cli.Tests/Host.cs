using System.Runtime.InteropServices;

namespace CoveJit.Cli.Tests;

/// <summary>Pipes and pseudo-terminals of the host, for tests.</summary>
internal static unsafe partial class Host
{
    private const int ReadWriteNoControl = 0x2 | 0x100;

    public static (int Read, int Write) Pipe()
    {
        int* ends = stackalloc int[2];
        Assert.Equal(0, NativePipe(ends));
        return (ends[0], ends[1]);
    }

    /// <summary>A pseudo-terminal: what is written to the first end is typed at the second.</summary>
    public static (int Keyboard, int Terminal) Pty()
    {
        int master = NativeOpenPt(ReadWriteNoControl);
        Assert.True(master >= 0);
        Assert.Equal(0, NativeGrant(master));
        Assert.Equal(0, NativeUnlock(master));
        byte* name = stackalloc byte[128];
        Assert.Equal(0, NativeName(master, name, 128));
        int slave = NativeOpen(name, ReadWriteNoControl);
        Assert.True(slave >= 0);
        return (master, slave);
    }

    public static void Close(int descriptor) => Assert.Equal(0, NativeClose(descriptor));

    [LibraryImport("libc", EntryPoint = "pipe")]
    private static partial int NativePipe(int* ends);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int NativeClose(int descriptor);

    [LibraryImport("libc", EntryPoint = "posix_openpt")]
    private static partial int NativeOpenPt(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt")]
    private static partial int NativeGrant(int descriptor);

    [LibraryImport("libc", EntryPoint = "unlockpt")]
    private static partial int NativeUnlock(int descriptor);

    [LibraryImport("libc", EntryPoint = "ptsname_r")]
    private static partial int NativeName(int descriptor, byte* name, nuint size);

    [LibraryImport("libc", EntryPoint = "open")]
    private static partial int NativeOpen(byte* path, int flags);
}
