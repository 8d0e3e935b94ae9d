using System.Numerics;

namespace CoveJit.Isa.FloatingPoint;

/// <summary>
/// A number taken out of its format. A finite one is (-1)^Negative x Significand x 2^(Exponent - 63) with bit 63 of the significand set,
/// whether it was normal or subnormal.
/// </summary>
internal readonly struct UnpackedFloat
{
    private UnpackedFloat(FloatKind kind, bool negative, int exponent = 0, ulong significand = 0)
    {
        Kind = kind;
        Negative = negative;
        Exponent = exponent;
        Significand = significand;
    }

    /// <summary>What the encoding stands for; exponent and significand have a meaning for <see cref="FloatKind.Finite"/> only.</summary>
    public FloatKind Kind { get; }

    /// <summary>The sign bit.</summary>
    public bool Negative { get; }

    /// <summary>Exponent of the leading significand bit.</summary>
    public int Exponent { get; }

    /// <summary>The significand, its leading bit at bit 63.</summary>
    public ulong Significand { get; }

    /// <summary>Whether this is a quiet or signaling NaN.</summary>
    public bool IsNaN => Kind >= FloatKind.QuietNaN;

    /// <summary>Takes an encoding apart. Bits above the format's width must be zero.</summary>
    public static UnpackedFloat From<TFormat>(ulong bits)
        where TFormat : struct, IFloatFormat
    {
        bool negative = (bits & Layout<TFormat>.SignBit) != 0;
        int biased = (int)(bits >> TFormat.FractionBits) & Layout<TFormat>.SpecialExponent;
        ulong fraction = bits & Layout<TFormat>.FractionMask;

        if (biased == Layout<TFormat>.SpecialExponent)
        {
            FloatKind kind = fraction == 0 ? FloatKind.Infinity
                : (fraction & Layout<TFormat>.QuietBit) != 0 ? FloatKind.QuietNaN
                : FloatKind.SignalingNaN;
            return new(kind, negative);
        }

        if (biased != 0)
        {
            ulong significand = (fraction | (1UL << TFormat.FractionBits)) << (64 - Layout<TFormat>.Precision);
            return new(FloatKind.Finite, negative, biased - Layout<TFormat>.Bias, significand);
        }

        if (fraction == 0)
        {
            return new(FloatKind.Zero, negative);
        }

        int leadingZeros = BitOperations.LeadingZeroCount(fraction);
        int exponent = Layout<TFormat>.MinimumExponent - (leadingZeros - (64 - Layout<TFormat>.Precision));
        return new(FloatKind.Finite, negative, exponent, fraction << leadingZeros);
    }
}
