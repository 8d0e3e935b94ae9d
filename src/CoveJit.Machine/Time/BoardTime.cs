namespace CoveJit.Machines.Time;

/// <summary>Constants of the board's time.</summary>
public static class BoardTime
{
    /// <summary>timebase-frequency in hertz, that of QEMU's virt board.</summary>
    public const ulong Frequency = 10_000_000;

    /// <summary>Nanoseconds in a tick.</summary>
    public const ulong NanosecondsPerTick = 1_000_000_000 / Frequency;
}
