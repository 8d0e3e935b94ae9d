using System.Runtime.InteropServices;

namespace CoveJit.Translator.Tier;

/// <summary>What .NET's threads lack on Linux: a priority.</summary>
internal static partial class HostThread
{
    private const int Process = 0;
    private const int Niceness = 10;

    /// <summary>Lowers the priority of the calling thread. What the host answers does not matter.</summary>
    public static void BeNice() => _ = SetPriority(Process, 0, Niceness);

    // On Linux 0 is the calling thread, not its process.
    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, uint who, int priority);
}
