namespace CoveJit.Memory.Bus;

/// <summary>The machine's time: host time, or time derived from retired instructions under <c>--icount</c>.</summary>
public interface IClock
{
    /// <summary>Frequency of <see cref="Ticks"/> in hertz (the device tree's timebase-frequency), 10 MHz on the virt board.</summary>
    ulong Frequency { get; }

    /// <summary>Value of the time CSR and of mtime.</summary>
    ulong Ticks { get; }

    /// <summary>Nanoseconds since the Unix epoch, as a real-time clock shows it; deterministic under <c>--icount</c>.</summary>
    ulong RealTime { get; }
}
