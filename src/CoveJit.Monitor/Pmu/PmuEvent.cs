using CoveJit.Harts.Timing;

namespace CoveJit.Monitor.Pmu;

/// <summary>An event that a counter of this platform can count: the result of decoding (event_idx, event_data).</summary>
/// <param name="IsFirmware">Whether firmware counts it.</param>
/// <param name="Selector">A <see cref="HartEvent"/>, as mhpmevent takes it, or a <see cref="FirmwareEvent"/>.</param>
internal readonly record struct PmuEvent(bool IsFirmware, ulong Selector)
{
    /// <summary>Bits of an event_idx; those above are reserved.</summary>
    public const int IndexBits = 20;

    private const uint General = 0;
    private const uint Cache = 1;
    private const uint Raw = 2;
    private const uint RawVersion2 = 3;
    private const uint Firmware = 15;

    /// <summary>Decodes an event; false if no counter can count it.</summary>
    /// <remarks>General and cache events program mhpmevent with their event_idx, as the specification suggests, so raw events are the same numbers.</remarks>
    public static bool TryDecode(ulong index, ulong data, out PmuEvent decoded)
    {
        uint code = (uint)index & 0xFFFF;
        ulong type = index >> 16;
        (bool valid, decoded) = type switch
        {
            General or Cache => (data == 0 && CounterUnit.IsKnown(index), new PmuEvent(false, index)),
            Raw or RawVersion2 => (code == 0 && CounterUnit.IsKnown(data), new PmuEvent(false, data)),
            Firmware => (data == 0 && FirmwareCounts.IsKnown(code), new PmuEvent(true, code)),
            _ => (false, default),
        };
        return valid;
    }
}
