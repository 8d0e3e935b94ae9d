namespace CoveJit.Devices.Tests.Virtio;

/// <summary>Measures what a steady state allocates.</summary>
internal static class Allocation
{
    /// <summary>
    /// The least number of bytes allocated by one of several equal runs. A collection caused by another test retires this thread's
    /// allocation buffer and counts its rest (under 8 KiB) as allocated; anything the code itself allocates shows in every run.
    /// </summary>
    public static long LeastOf(int runs, Func<long> run)
    {
        long least = long.MaxValue;
        for (int i = 0; i < runs; i++)
        {
            least = Math.Min(least, run());
        }

        return least;
    }
}
