using System.Numerics;
using CoveJit.Isa.FloatingPoint;

namespace CoveJit.Isa.Tests.FloatingPoint;

/// <summary>
/// IEEE 754 by its definition: the exact result as a rational number, then the neighbour the rounding mode asks for. Written apart from the
/// code under test, sharing nothing with it but the names of modes and flags.
/// </summary>
internal sealed class ReferenceFloat(int precision, int exponentBits)
{
    public static readonly ReferenceFloat Half = new(11, 5);
    public static readonly ReferenceFloat Single = new(24, 8);
    public static readonly ReferenceFloat Double = new(53, 11);

    private readonly int _maximumExponent = (1 << (exponentBits - 1)) - 1;

    public int Precision => precision;

    public int ExponentBits => exponentBits;

    public int Width => precision + exponentBits;

    public ulong SignBit => 1UL << (Width - 1);

    public ulong Infinity => ((1UL << exponentBits) - 1) << (precision - 1);

    public ulong CanonicalNaN => Infinity | (1UL << (precision - 2));

    private int MinimumExponent => 1 - _maximumExponent;

    public bool IsNaN(ulong a) => (a & ~SignBit) > Infinity;

    public bool IsSignaling(ulong a) => IsNaN(a) && (a & (1UL << (precision - 2))) == 0;

    public bool IsInfinity(ulong a) => (a & ~SignBit) == Infinity;

    public bool IsNegative(ulong a) => (a & SignBit) != 0;

    public Rational Value(ulong a)
    {
        ulong fraction = a & ((1UL << (precision - 1)) - 1);
        int biased = (int)((a & ~SignBit) >> (precision - 1));
        BigInteger significand = biased == 0 ? fraction : fraction + (1UL << (precision - 1));
        int exponent = (biased == 0 ? MinimumExponent : biased - _maximumExponent) - (precision - 1);
        Rational magnitude = new Rational(significand, 1) * Rational.PowerOfTwo(exponent);
        return IsNegative(a) ? -magnitude : magnitude;
    }

    public (ulong Bits, FloatFlags Flags) Add(ulong a, ulong b, RoundingMode mode)
    {
        if (IsNaN(a) || IsNaN(b))
        {
            return NaN(IsSignaling(a) || IsSignaling(b));
        }

        if (IsInfinity(a) && IsInfinity(b) && a != b)
        {
            return NaN(invalid: true);
        }

        if (IsInfinity(a) || IsInfinity(b))
        {
            return (IsInfinity(a) ? a : b, FloatFlags.None);
        }

        return RoundSum(Value(a) + Value(b), IsNegative(a), IsNegative(b), mode);
    }

    public (ulong Bits, FloatFlags Flags) Multiply(ulong a, ulong b, RoundingMode mode)
    {
        if (IsNaN(a) || IsNaN(b))
        {
            return NaN(IsSignaling(a) || IsSignaling(b));
        }

        bool negative = IsNegative(a) != IsNegative(b);
        if (IsInfinity(a) || IsInfinity(b))
        {
            return IsZero(a) || IsZero(b) ? NaN(invalid: true) : (Signed(negative, Infinity), FloatFlags.None);
        }

        return Round(Value(a) * Value(b), negative, mode);
    }

    public (ulong Bits, FloatFlags Flags) Divide(ulong a, ulong b, RoundingMode mode)
    {
        if (IsNaN(a) || IsNaN(b))
        {
            return NaN(IsSignaling(a) || IsSignaling(b));
        }

        bool negative = IsNegative(a) != IsNegative(b);
        if ((IsInfinity(a) && IsInfinity(b)) || (IsZero(a) && IsZero(b)))
        {
            return NaN(invalid: true);
        }

        if (IsInfinity(a))
        {
            return (Signed(negative, Infinity), FloatFlags.None);
        }

        if (IsInfinity(b))
        {
            return (Signed(negative, 0), FloatFlags.None);
        }

        return IsZero(b)
            ? (Signed(negative, Infinity), FloatFlags.DivideByZero)
            : Round(Value(a) / Value(b), negative, mode);
    }

    public (ulong Bits, FloatFlags Flags) SquareRoot(ulong a, RoundingMode mode)
    {
        if (IsNaN(a))
        {
            return NaN(IsSignaling(a));
        }

        if (IsZero(a))
        {
            return (a, FloatFlags.None);
        }

        if (IsNegative(a))
        {
            return NaN(invalid: true);
        }

        if (IsInfinity(a))
        {
            return (a, FloatFlags.None);
        }

        // Scaled by 4^k the root has more bits than the precision; a root that is not exact is put half way to the next integer.
        Rational value = Value(a);
        int k = precision + 2 - (value.Exponent() >> 1);
        Rational scaled = value * Rational.PowerOfTwo(2 * k);
        BigInteger root = IntegerSquareRoot(scaled.Numerator / scaled.Denominator);
        bool exact = root * root * scaled.Denominator == scaled.Numerator;
        return Round(new Rational((2 * root) + (exact ? 0 : 1), 1) * Rational.PowerOfTwo(-k - 1), negative: false, mode);
    }

    public (ulong Bits, FloatFlags Flags) FusedMultiplyAdd(ulong a, ulong b, ulong c, RoundingMode mode)
    {
        bool zeroTimesInfinity = (IsZero(a) && IsInfinity(b)) || (IsInfinity(a) && IsZero(b));
        if (IsNaN(a) || IsNaN(b) || IsNaN(c) || zeroTimesInfinity)
        {
            return NaN(zeroTimesInfinity || IsSignaling(a) || IsSignaling(b) || IsSignaling(c));
        }

        bool negative = IsNegative(a) != IsNegative(b);
        if (IsInfinity(a) || IsInfinity(b))
        {
            return IsInfinity(c) && IsNegative(c) != negative ? NaN(invalid: true) : (Signed(negative, Infinity), FloatFlags.None);
        }

        return IsInfinity(c) ? (c, FloatFlags.None) : RoundSum((Value(a) * Value(b)) + Value(c), negative, IsNegative(c), mode);
    }

    public (ulong Bits, FloatFlags Flags) ConvertTo(ReferenceFloat to, ulong a, RoundingMode mode)
        => IsNaN(a) ? to.NaN(IsSignaling(a))
            : IsInfinity(a) ? (to.Signed(IsNegative(a), to.Infinity), FloatFlags.None)
            : to.Round(Value(a), IsNegative(a), mode);

    public (ulong Bits, FloatFlags Flags) FromInteger(BigInteger integer, RoundingMode mode) => Round(new(integer, 1), integer.Sign < 0, mode);

    public (ulong Integer, FloatFlags Flags) ToInteger(ulong a, BigInteger minimum, BigInteger maximum, RoundingMode mode)
    {
        if (IsNaN(a) || IsInfinity(a))
        {
            return (Wrap(IsInfinity(a) && IsNegative(a) ? minimum : maximum), FloatFlags.Invalid);
        }

        (BigInteger magnitude, bool inexact) = RoundToInteger(Value(a).Abs(), IsNegative(a), mode);
        BigInteger integer = IsNegative(a) ? -magnitude : magnitude;
        return integer < minimum ? (Wrap(minimum), FloatFlags.Invalid)
            : integer > maximum ? (Wrap(maximum), FloatFlags.Invalid)
            : (Wrap(integer), inexact ? FloatFlags.Inexact : FloatFlags.None);
    }

    public (ulong Bits, FloatFlags Flags) RoundToIntegral(ulong a, RoundingMode mode)
    {
        if (IsNaN(a))
        {
            return NaN(IsSignaling(a));
        }

        if (IsInfinity(a))
        {
            return (a, FloatFlags.None);
        }

        (BigInteger magnitude, bool inexact) = RoundToInteger(Value(a).Abs(), IsNegative(a), mode);
        return (Round(new(magnitude, 1), IsNegative(a), RoundingMode.Rtz).Bits, inexact ? FloatFlags.Inexact : FloatFlags.None);
    }

    private static ulong Wrap(BigInteger integer) => (ulong)(integer & ulong.MaxValue);

    private static BigInteger IntegerSquareRoot(BigInteger n)
    {
        BigInteger x = BigInteger.One << (int)((n.GetBitLength() + 1) / 2);
        while (true)
        {
            BigInteger next = (x + (n / x)) >> 1;
            if (next >= x)
            {
                return x;
            }

            x = next;
        }
    }

    private static (BigInteger Integer, bool Inexact) RoundToInteger(Rational magnitude, bool negative, RoundingMode mode)
    {
        BigInteger integer = BigInteger.DivRem(magnitude.Numerator, magnitude.Denominator, out BigInteger remainder);
        int toHalf = (remainder * 2).CompareTo(magnitude.Denominator);
        bool away = mode switch
        {
            RoundingMode.Rne => toHalf > 0 || (toHalf == 0 && !integer.IsEven),
            RoundingMode.Rmm => toHalf >= 0,
            RoundingMode.Rdn => negative && !remainder.IsZero,
            RoundingMode.Rup => !negative && !remainder.IsZero,
            _ => false,
        };
        return (away ? integer + 1 : integer, !remainder.IsZero);
    }

    private bool IsZero(ulong a) => (a & ~SignBit) == 0;

    private ulong Signed(bool negative, ulong magnitude) => negative ? magnitude | SignBit : magnitude;

    private (ulong Bits, FloatFlags Flags) NaN(bool invalid) => (CanonicalNaN, invalid ? FloatFlags.Invalid : FloatFlags.None);

    private (ulong Bits, FloatFlags Flags) RoundSum(Rational sum, bool aNegative, bool bNegative, RoundingMode mode)
    {
        bool negative = sum.Sign != 0 ? sum.Sign < 0
            : aNegative == bNegative ? aNegative
            : mode == RoundingMode.Rdn;
        return Round(sum, negative, mode);
    }

    private (ulong Bits, FloatFlags Flags) Round(Rational value, bool negative, RoundingMode mode)
    {
        if (value.Sign == 0)
        {
            return (Signed(negative, 0), FloatFlags.None);
        }

        Rational magnitude = value.Abs();
        int exponent = magnitude.Exponent();

        // Tininess after rounding: rounded with an unbounded exponent the result lies below the smallest normal number.
        Rational unboundedQuantum = Rational.PowerOfTwo(exponent - (precision - 1));
        Rational unbounded = new Rational(RoundToInteger(magnitude / unboundedQuantum, negative, mode).Integer, 1) * unboundedQuantum;
        bool tiny = unbounded.CompareTo(Rational.PowerOfTwo(MinimumExponent)) < 0;

        int quantumExponent = Math.Max(exponent, MinimumExponent) - (precision - 1);
        (BigInteger integer, bool inexact) = RoundToInteger(magnitude / Rational.PowerOfTwo(quantumExponent), negative, mode);
        Rational rounded = new Rational(integer, 1) * Rational.PowerOfTwo(quantumExponent);
        if (rounded.CompareTo(Rational.PowerOfTwo(_maximumExponent + 1)) >= 0)
        {
            bool toInfinity = mode is RoundingMode.Rne or RoundingMode.Rmm || mode == (negative ? RoundingMode.Rdn : RoundingMode.Rup);
            return (Signed(negative, toInfinity ? Infinity : Infinity - 1), FloatFlags.Overflow | FloatFlags.Inexact);
        }

        FloatFlags flags = !inexact ? FloatFlags.None : tiny ? FloatFlags.Underflow | FloatFlags.Inexact : FloatFlags.Inexact;
        return (Signed(negative, Encode(integer, quantumExponent)), flags);
    }

    private ulong Encode(BigInteger significand, int quantumExponent)
    {
        if (significand.GetBitLength() > precision)
        {
            significand >>= 1;
            quantumExponent++;
        }

        ulong low = (ulong)significand;
        ulong hidden = 1UL << (precision - 1);
        return low < hidden ? low : ((ulong)(quantumExponent + (precision - 1) + _maximumExponent) << (precision - 1)) | (low - hidden);
    }
}
