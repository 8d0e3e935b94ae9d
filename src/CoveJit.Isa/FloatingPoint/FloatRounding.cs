namespace CoveJit.Isa.FloatingPoint;

/// <summary>Rounding an exact result to a format: the one place where OF, UF and NX of arithmetic come from.</summary>
internal static class FloatRounding
{
    /// <summary>Whether a magnitude is rounded away from zero.</summary>
    /// <param name="mode">The resolved rounding mode.</param>
    /// <param name="negative">Sign of the number.</param>
    /// <param name="odd">Whether the last kept bit is one.</param>
    /// <param name="remainder">What is discarded; its lowest bit may stand for anything smaller ("sticky").</param>
    /// <param name="half">Half a unit of the last kept bit on the scale of <paramref name="remainder"/>; at least 2 if that is sticky.</param>
    public static bool RoundsUp(RoundingMode mode, bool negative, bool odd, ulong remainder, ulong half) => mode switch
    {
        RoundingMode.Rne => remainder > half || (remainder == half && odd),
        RoundingMode.Rtz => false,
        RoundingMode.Rdn => negative && remainder != 0,
        RoundingMode.Rup => !negative && remainder != 0,
        _ => remainder >= half,
    };

    /// <summary>Rounds (-1)^negative x significand x 2^(exponent - 63) to the format and adds to the context's flags.</summary>
    /// <param name="negative">Sign of the number.</param>
    /// <param name="exponent">Exponent of bit 63 of the significand.</param>
    /// <param name="significand">The magnitude with bit 63 set; bit 0 is sticky.</param>
    /// <param name="context">Rounding mode and flags.</param>
    public static ulong Round<TFormat>(bool negative, int exponent, ulong significand, ref FloatContext context)
        where TFormat : struct, IFloatFormat
    {
        int discarded = 64 - Layout<TFormat>.Precision;
        ulong half = 1UL << (discarded - 1);
        ulong discardedMask = (1UL << discarded) - 1;
        ulong sign = negative ? Layout<TFormat>.SignBit : 0;

        bool tiny = false;
        if (exponent < Layout<TFormat>.MinimumExponent)
        {
            // Tininess after rounding: a number just below the smallest normal one is not tiny if rounding it to the format's full
            // precision, as though the exponent had no lower bound, takes it there.
            ulong full = significand >> discarded;
            bool reachesNormal = exponent == Layout<TFormat>.MinimumExponent - 1
                && full == (1UL << Layout<TFormat>.Precision) - 1
                && RoundsUp(context.Rounding, negative, odd: true, significand & discardedMask, half);
            tiny = !reachesNormal;
            significand = ShiftRightSticky(significand, Layout<TFormat>.MinimumExponent - exponent);
            exponent = Layout<TFormat>.MinimumExponent;
        }

        ulong kept = significand >> discarded;
        ulong remainder = significand & discardedMask;
        if (RoundsUp(context.Rounding, negative, (kept & 1) != 0, remainder, half))
        {
            kept++;
        }

        // The hidden bit of a normal number adds one to the field, and so does a carry out of rounding; a subnormal has neither.
        ulong magnitude = ((ulong)(exponent + Layout<TFormat>.Bias - 1) << TFormat.FractionBits) + kept;
        if (exponent > Layout<TFormat>.Bias || magnitude >= Layout<TFormat>.Infinity)
        {
            context.Flags |= FloatFlags.Overflow | FloatFlags.Inexact;
            bool toInfinity = context.Rounding switch
            {
                RoundingMode.Rtz => false,
                RoundingMode.Rdn => negative,
                RoundingMode.Rup => !negative,
                _ => true,
            };
            return sign | (toInfinity ? Layout<TFormat>.Infinity : Layout<TFormat>.LargestFinite);
        }

        if (remainder != 0)
        {
            context.Flags |= tiny ? FloatFlags.Underflow | FloatFlags.Inexact : FloatFlags.Inexact;
        }

        return sign | magnitude;
    }

    /// <summary>Normalises and rounds (-1)^negative x significand x 2^(exponent - 127), where the significand is not zero and bit 0 is sticky.</summary>
    public static ulong Round<TFormat>(bool negative, int exponent, UInt128 significand, ref FloatContext context)
        where TFormat : struct, IFloatFormat
    {
        int leadingZeros = (int)UInt128.LeadingZeroCount(significand);
        significand <<= leadingZeros;
        ulong narrowed = (ulong)(significand >> 64) | ((ulong)significand != 0 ? 1UL : 0);
        return Round<TFormat>(negative, exponent - leadingZeros, narrowed, ref context);
    }

    /// <summary>Shifts right by any count of zero or more, keeping in bit 0 whether ones were shifted out.</summary>
    public static ulong ShiftRightSticky(ulong value, int count)
    {
        if (count >= 64)
        {
            return value != 0 ? 1UL : 0;
        }

        ulong lost = value & ((1UL << count) - 1);
        return (value >> count) | (lost != 0 ? 1UL : 0);
    }

    /// <summary>As <see cref="ShiftRightSticky(ulong, int)"/> for 128 bits.</summary>
    public static UInt128 ShiftRightSticky(UInt128 value, int count)
    {
        if (count >= 128)
        {
            return value != UInt128.Zero ? UInt128.One : UInt128.Zero;
        }

        UInt128 lost = value & ((UInt128.One << count) - 1);
        return (value >> count) | (lost != UInt128.Zero ? UInt128.One : UInt128.Zero);
    }
}
