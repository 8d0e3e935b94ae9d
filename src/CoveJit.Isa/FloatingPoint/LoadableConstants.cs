namespace CoveJit.Isa.FloatingPoint;

/// <summary>The 32 constants of the FLI instructions (Unprivileged, "Zfa", table "Immediate values loaded by the FLI instructions").</summary>
public static class LoadableConstants
{
    private const int SmallestNormal = 1;
    private const int NaN = 31;

    // The entry for the smallest normal number depends on the format and is replaced; so is the NaN, which must be canonical.
    private static ReadOnlySpan<double> Values =>
    [
        -1, 0, 1.0 / 65536, 1.0 / 32768, 1.0 / 256, 1.0 / 128, 0.0625, 0.125,
        0.25, 0.3125, 0.375, 0.4375, 0.5, 0.625, 0.75, 0.875,
        1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4,
        8, 16, 128, 256, 32768, 65536, double.PositiveInfinity, 0,
    ];

    /// <summary>The single-precision constant with a number from 0 to 31; higher bits are ignored.</summary>
    public static uint GetBinary32(int number) => (number & 31) switch
    {
        SmallestNormal => 1U << Format32.FractionBits,
        NaN => (uint)Layout<Format32>.CanonicalNaN,
        int ordinary => BitConverter.SingleToUInt32Bits((float)Values[ordinary]),
    };

    /// <summary>The double-precision constant with a number from 0 to 31; higher bits are ignored.</summary>
    public static ulong GetBinary64(int number) => (number & 31) switch
    {
        SmallestNormal => 1UL << Format64.FractionBits,
        NaN => Layout<Format64>.CanonicalNaN,
        int ordinary => BitConverter.DoubleToUInt64Bits(Values[ordinary]),
    };
}
