using System.Runtime.CompilerServices;

namespace CoveJit.Isa.FloatingPoint;

/// <summary>Operations that look at encodings only: classification, minimum and maximum. They never round.</summary>
internal static class FloatBits
{
    /// <summary>Whether the encoding is a NaN of either kind.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNaN<TFormat>(ulong a)
        where TFormat : struct, IFloatFormat
        => (a & ~Layout<TFormat>.SignBit) > Layout<TFormat>.Infinity;

    /// <summary>Whether the encoding is a signaling NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsSignaling<TFormat>(ulong a)
        where TFormat : struct, IFloatFormat
        => IsNaN<TFormat>(a) && (a & Layout<TFormat>.QuietBit) == 0;

    /// <summary>The ten-bit mask of FCLASS (Unprivileged, "F", table "Format of result of FCLASS instruction").</summary>
    public static ulong Classify<TFormat>(ulong a)
        where TFormat : struct, IFloatFormat
    {
        bool negative = (a & Layout<TFormat>.SignBit) != 0;
        ulong magnitude = a & ~Layout<TFormat>.SignBit;
        if (magnitude > Layout<TFormat>.Infinity)
        {
            return (magnitude & Layout<TFormat>.QuietBit) == 0 ? 1UL << 8 : 1UL << 9;
        }

        // From zero outwards the positive classes are bits 4 to 7 and the negative ones bits 3 to 0.
        int distance = magnitude == 0 ? 0
            : magnitude <= Layout<TFormat>.FractionMask ? 1
            : magnitude < Layout<TFormat>.Infinity ? 2
            : 3;
        return 1UL << (negative ? 3 - distance : 4 + distance);
    }

    /// <summary>IEEE 754-2019 minimumNumber: -0 is less than +0, and a number is preferred to a NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong MinimumNumber<TFormat>(ulong a, ulong b, ref FloatContext context)
        where TFormat : struct, IFloatFormat
        => IsNaN<TFormat>(a) || IsNaN<TFormat>(b) ? PreferNumber<TFormat>(a, b, ref context)
            : Order<TFormat>(a) < Order<TFormat>(b) ? a : b;

    /// <summary>IEEE 754-2019 maximumNumber.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong MaximumNumber<TFormat>(ulong a, ulong b, ref FloatContext context)
        where TFormat : struct, IFloatFormat
        => IsNaN<TFormat>(a) || IsNaN<TFormat>(b) ? PreferNumber<TFormat>(a, b, ref context)
            : Order<TFormat>(a) > Order<TFormat>(b) ? a : b;

    /// <summary>IEEE 754-2019 minimum: as minimumNumber, but a NaN operand makes the result NaN.</summary>
    public static ulong Minimum<TFormat>(ulong a, ulong b, ref FloatContext context)
        where TFormat : struct, IFloatFormat
        => IsNaN<TFormat>(a) || IsNaN<TFormat>(b) ? AnyNaN<TFormat>(a, b, ref context)
            : Order<TFormat>(a) < Order<TFormat>(b) ? a : b;

    /// <summary>IEEE 754-2019 maximum.</summary>
    public static ulong Maximum<TFormat>(ulong a, ulong b, ref FloatContext context)
        where TFormat : struct, IFloatFormat
        => IsNaN<TFormat>(a) || IsNaN<TFormat>(b) ? AnyNaN<TFormat>(a, b, ref context)
            : Order<TFormat>(a) > Order<TFormat>(b) ? a : b;

    // Maps encodings to integers so that numbers compare like them, with -0 just below +0.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Order<TFormat>(ulong a)
        where TFormat : struct, IFloatFormat
    {
        long magnitude = (long)(a & ~Layout<TFormat>.SignBit);
        return (a & Layout<TFormat>.SignBit) != 0 ? ~magnitude : magnitude;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong PreferNumber<TFormat>(ulong a, ulong b, ref FloatContext context)
        where TFormat : struct, IFloatFormat
    {
        ulong canonical = AnyNaN<TFormat>(a, b, ref context);
        return !IsNaN<TFormat>(a) ? a : !IsNaN<TFormat>(b) ? b : canonical;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong AnyNaN<TFormat>(ulong a, ulong b, ref FloatContext context)
        where TFormat : struct, IFloatFormat
    {
        if (IsSignaling<TFormat>(a) || IsSignaling<TFormat>(b))
        {
            context.Flags |= FloatFlags.Invalid;
        }

        return Layout<TFormat>.CanonicalNaN;
    }
}
