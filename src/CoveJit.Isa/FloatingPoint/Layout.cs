namespace CoveJit.Isa.FloatingPoint;

/// <summary>The constants that follow from a format's field widths. Encodings of every format travel in the low bits of a <see cref="ulong"/>.</summary>
/// <remarks>Properties of constants: the JIT folds them for each struct it specialises the generic code for.</remarks>
internal static class Layout<TFormat>
    where TFormat : struct, IFloatFormat
{
    /// <summary>Number of significant bits, the hidden one included.</summary>
    public static int Precision => TFormat.FractionBits + 1;

    /// <summary>The exponent bias, which is also the largest exponent of a finite number.</summary>
    public static int Bias => (1 << (TFormat.ExponentBits - 1)) - 1;

    /// <summary>Exponent of the smallest normal number.</summary>
    public static int MinimumExponent => 1 - Bias;

    /// <summary>The exponent field with all bits set, as a number: infinities and NaNs.</summary>
    public static int SpecialExponent => (1 << TFormat.ExponentBits) - 1;

    /// <summary>The trailing significand field.</summary>
    public static ulong FractionMask => (1UL << TFormat.FractionBits) - 1;

    /// <summary>The sign bit.</summary>
    public static ulong SignBit => 1UL << (TFormat.FractionBits + TFormat.ExponentBits);

    /// <summary>The bit that tells a quiet NaN from a signaling one.</summary>
    public static ulong QuietBit => 1UL << (TFormat.FractionBits - 1);

    /// <summary>Positive infinity.</summary>
    public static ulong Infinity => (ulong)SpecialExponent << TFormat.FractionBits;

    /// <summary>The largest finite number.</summary>
    public static ulong LargestFinite => Infinity - 1;

    /// <summary>The NaN every operation returns: positive, quiet, payload zero (Unprivileged, "NaN Generation and Propagation").</summary>
    public static ulong CanonicalNaN => Infinity | QuietBit;
}
