using System.Numerics;

namespace CoveJit.Isa.FloatingPoint;

/// <summary>Conversions between formats, to and from integers, and to integral values, in integer arithmetic: exact in every mode and flag.</summary>
internal static class SoftConversion
{
    /// <summary>Converts between formats.</summary>
    public static ulong Convert<TFrom, TTo>(ulong a, ref FloatContext context)
        where TFrom : struct, IFloatFormat
        where TTo : struct, IFloatFormat
    {
        UnpackedFloat x = UnpackedFloat.From<TFrom>(a);
        ulong sign = x.Negative ? Layout<TTo>.SignBit : 0;
        return x.Kind switch
        {
            FloatKind.Zero => sign,
            FloatKind.Finite => FloatRounding.Round<TTo>(x.Negative, x.Exponent, x.Significand, ref context),
            FloatKind.Infinity => sign | Layout<TTo>.Infinity,
            _ => SoftFloat.Propagate<TTo>(x.Kind, x.Kind, ref context),
        };
    }

    /// <summary>
    /// Converts to an integer. What does not fit saturates and raises NV alone; NaN counts as too large
    /// (Unprivileged, "Domains of float-to-integer conversions").
    /// </summary>
    /// <param name="a">The encoding.</param>
    /// <param name="minimum">The smallest integer of the destination: zero or a negative power of two.</param>
    /// <param name="maximum">The largest integer of the destination.</param>
    /// <param name="context">Rounding mode and flags.</param>
    /// <returns>The integer in two's complement.</returns>
    public static ulong ToInteger<TFormat>(ulong a, long minimum, ulong maximum, ref FloatContext context)
        where TFormat : struct, IFloatFormat
    {
        UnpackedFloat x = UnpackedFloat.From<TFormat>(a);
        if (x.Kind == FloatKind.Zero)
        {
            return 0;
        }

        bool saturatesLow = x.Negative && !x.IsNaN;
        if (x.Kind == FloatKind.Finite && x.Exponent <= 63)
        {
            (ulong magnitude, bool inexact) = RoundToInteger(x, context.Rounding);
            ulong limit = x.Negative ? 0UL - (ulong)minimum : maximum;
            if (magnitude <= limit)
            {
                if (inexact)
                {
                    context.Flags |= FloatFlags.Inexact;
                }

                return x.Negative ? 0UL - magnitude : magnitude;
            }
        }

        context.Flags |= FloatFlags.Invalid;
        return saturatesLow ? (ulong)minimum : maximum;
    }

    /// <summary>Converts an integer given by sign and magnitude; zero becomes +0.</summary>
    public static ulong FromInteger<TFormat>(bool negative, ulong magnitude, ref FloatContext context)
        where TFormat : struct, IFloatFormat
    {
        if (magnitude == 0)
        {
            return 0;
        }

        int leadingZeros = BitOperations.LeadingZeroCount(magnitude);
        return FloatRounding.Round<TFormat>(negative, 63 - leadingZeros, magnitude << leadingZeros, ref context);
    }

    /// <summary>Rounds to an integral value of the same format. A zero result keeps the operand's sign.</summary>
    /// <param name="a">The encoding.</param>
    /// <param name="signalInexact">Whether NX is raised when the result differs from the operand.</param>
    /// <param name="context">Rounding mode and flags.</param>
    public static ulong RoundToIntegral<TFormat>(ulong a, bool signalInexact, ref FloatContext context)
        where TFormat : struct, IFloatFormat
    {
        UnpackedFloat x = UnpackedFloat.From<TFormat>(a);
        if (x.IsNaN)
        {
            return SoftFloat.Propagate<TFormat>(x.Kind, x.Kind, ref context);
        }

        if (x.Kind != FloatKind.Finite || x.Exponent >= TFormat.FractionBits)
        {
            return a;
        }

        (ulong magnitude, bool inexact) = RoundToInteger(x, context.Rounding);
        if (inexact && signalInexact)
        {
            context.Flags |= FloatFlags.Inexact;
        }

        ulong sign = a & Layout<TFormat>.SignBit;

        // At most 2^FractionBits: the conversion back is exact and raises nothing.
        return sign | FromInteger<TFormat>(negative: false, magnitude, ref context);
    }

    // The exponent is at most 63, so the integer part fits; where it fills all 64 bits there is no fraction to round up.
    private static (ulong Magnitude, bool Inexact) RoundToInteger(UnpackedFloat x, RoundingMode mode)
    {
        UInt128 fixedPoint = FloatRounding.ShiftRightSticky((UInt128)x.Significand << 64, 63 - x.Exponent);
        ulong integer = (ulong)(fixedPoint >> 64);
        ulong fraction = (ulong)fixedPoint;
        if (FloatRounding.RoundsUp(mode, x.Negative, (integer & 1) != 0, fraction, 1UL << 63))
        {
            integer++;
        }

        return (integer, fraction != 0);
    }
}
