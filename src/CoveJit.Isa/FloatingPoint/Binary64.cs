using System.Runtime.CompilerServices;

namespace CoveJit.Isa.FloatingPoint;

/// <summary>
/// Double-precision operations on encodings, as RISC-V defines them: canonical NaNs, tininess after rounding, saturating integer
/// conversions.
/// </summary>
/// <remarks>
/// Arithmetic has three steps. The inlined one lets the host compute and keeps its result if rounding is to nearest even, NX is already
/// set, and the result lies where no other flag can arise. The cold one finds out whether the result was exact, from the rounding error that
/// the host can compute where it is itself representable. Everything else goes to <see cref="SoftFloat"/>. The host's own floating-point
/// environment is neither read nor changed.
/// </remarks>
public static class Binary64
{
    private const ulong SignBit = 0x8000_0000_0000_0000;

    // Twice the encodings between which exponent fields lie, so that a shift drops the sign.
    private const ulong TwiceSecondBinade = 2UL << 53;
    private const ulong TwiceInfinity = 0x7FFUL << 53;
    private const ulong TwiceSumLimit = 0x7FDUL << 53;

    // 2^-900 and 2^1000: products of numbers in between leave rounding errors that are neither lost to underflow nor overflow on the way.
    private const ulong TwiceResidualLow = (1023UL - 900) << 53;
    private const ulong TwiceResidualHigh = (1023UL + 1000) << 53;

    // The integers up to here are all representable.
    private const long ExactInteger = 1L << 53;

    /// <summary>a + b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Add(ulong a, ulong b, ref FloatContext context)
    {
        ulong result = BitConverter.DoubleToUInt64Bits(BitConverter.UInt64BitsToDouble(a) + BitConverter.UInt64BitsToDouble(b));
        return IsQuick(context) && IsSafeSum(result) ? result : AddSlowly(a, b, ref context);
    }

    /// <summary>a - b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Subtract(ulong a, ulong b, ref FloatContext context)
    {
        ulong result = BitConverter.DoubleToUInt64Bits(BitConverter.UInt64BitsToDouble(a) - BitConverter.UInt64BitsToDouble(b));
        return IsQuick(context) && IsSafeSum(result) ? result : AddSlowly(a, b ^ SignBit, ref context);
    }

    /// <summary>a x b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Multiply(ulong a, ulong b, ref FloatContext context)
    {
        ulong result = BitConverter.DoubleToUInt64Bits(BitConverter.UInt64BitsToDouble(a) * BitConverter.UInt64BitsToDouble(b));
        return IsQuick(context) && IsSafe(result) ? result : MultiplySlowly(a, b, ref context);
    }

    /// <summary>a / b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Divide(ulong a, ulong b, ref FloatContext context)
    {
        ulong result = BitConverter.DoubleToUInt64Bits(BitConverter.UInt64BitsToDouble(a) / BitConverter.UInt64BitsToDouble(b));
        return IsQuick(context) && IsSafe(result) ? result : DivideSlowly(a, b, ref context);
    }

    /// <summary>The square root of a.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SquareRoot(ulong a, ref FloatContext context)
    {
        ulong result = BitConverter.DoubleToUInt64Bits(Math.Sqrt(BitConverter.UInt64BitsToDouble(a)));
        return IsQuick(context) && IsSafe(result) ? result : SquareRootSlowly(a, ref context);
    }

    /// <summary>(a x b) + c with one rounding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong FusedMultiplyAdd(ulong a, ulong b, ulong c, ref FloatContext context)
    {
        if (HostRounding.HasFusedMultiplyAdd && IsQuick(context))
        {
            ulong result = BitConverter.DoubleToUInt64Bits(Math.FusedMultiplyAdd(BitConverter.UInt64BitsToDouble(a), BitConverter.UInt64BitsToDouble(b), BitConverter.UInt64BitsToDouble(c)));
            if (IsSafe(result))
            {
                return result;
            }
        }

        return FusedMultiplyAddSlowly(a, b, c, ref context);
    }

    /// <summary>-(a), for the negating forms of fused multiply-add.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Negate(ulong a) => a ^ SignBit;

    /// <summary>The magnitude of a with the sign of b (FSGNJ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong InjectSign(ulong a, ulong b) => (a & ~SignBit) | (b & SignBit);

    /// <summary>The magnitude of a with the opposite of b's sign (FSGNJN).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong InjectNegatedSign(ulong a, ulong b) => (a & ~SignBit) | (~b & SignBit);

    /// <summary>a with its sign changed if b is negative (FSGNJX).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong InjectSignProduct(ulong a, ulong b) => a ^ (b & SignBit);

    /// <summary>IEEE 754-2019 minimumNumber: -0 is less than +0, and a number is preferred to a NaN.</summary>
    public static ulong MinimumNumber(ulong a, ulong b, ref FloatContext context) => FloatBits.MinimumNumber<Format64>(a, b, ref context);

    /// <summary>IEEE 754-2019 maximumNumber.</summary>
    public static ulong MaximumNumber(ulong a, ulong b, ref FloatContext context) => FloatBits.MaximumNumber<Format64>(a, b, ref context);

    /// <summary>IEEE 754-2019 minimum: a NaN operand makes the result NaN.</summary>
    public static ulong Minimum(ulong a, ulong b, ref FloatContext context) => FloatBits.Minimum<Format64>(a, b, ref context);

    /// <summary>IEEE 754-2019 maximum: a NaN operand makes the result NaN.</summary>
    public static ulong Maximum(ulong a, ulong b, ref FloatContext context) => FloatBits.Maximum<Format64>(a, b, ref context);

    /// <summary>The ten-bit mask of FCLASS.</summary>
    public static ulong Classify(ulong a) => FloatBits.Classify<Format64>(a);

    /// <summary>1 if a equals b, else 0; only a signaling NaN raises NV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Equal(ulong a, ulong b, ref FloatContext context)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        double y = BitConverter.UInt64BitsToDouble(b);
        return IsUnordered(x, y) ? CompareNaNs(a, b, ref context) : x == y ? 1UL : 0;
    }

    /// <summary>1 if a is less than b, else 0; any NaN raises NV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Less(ulong a, ulong b, ref FloatContext context)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        double y = BitConverter.UInt64BitsToDouble(b);
        return IsUnordered(x, y) ? RefuseNaNs(ref context) : x < y ? 1UL : 0;
    }

    /// <summary>1 if a is less than or equal to b, else 0; any NaN raises NV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong LessOrEqual(ulong a, ulong b, ref FloatContext context)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        double y = BitConverter.UInt64BitsToDouble(b);
        return IsUnordered(x, y) ? RefuseNaNs(ref context) : x <= y ? 1UL : 0;
    }

    /// <summary>As <see cref="Less"/>, but only a signaling NaN raises NV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong LessQuiet(ulong a, ulong b, ref FloatContext context)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        double y = BitConverter.UInt64BitsToDouble(b);
        return IsUnordered(x, y) ? CompareNaNs(a, b, ref context) : x < y ? 1UL : 0;
    }

    /// <summary>As <see cref="LessOrEqual"/>, but only a signaling NaN raises NV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong LessOrEqualQuiet(ulong a, ulong b, ref FloatContext context)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        double y = BitConverter.UInt64BitsToDouble(b);
        return IsUnordered(x, y) ? CompareNaNs(a, b, ref context) : x <= y ? 1UL : 0;
    }

    /// <summary>Converts to a signed word; what does not fit saturates and raises NV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ToInt32(ulong a, ref FloatContext context)
    {
        double value = BitConverter.UInt64BitsToDouble(a);
        double integral = HostRounding.ToIntegral(value, context.Rounding);
        if (integral >= -2147483648.0 && integral < 2147483648.0)
        {
            NoteExactness(integral == value, ref context);
            return (ulong)double.ConvertToIntegerNative<long>(integral);
        }

        return ToInt32Slowly(a, ref context);
    }

    /// <summary>Converts to an unsigned word, sign-extended as RV64 holds it; what does not fit saturates and raises NV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ToUInt32(ulong a, ref FloatContext context)
    {
        double value = BitConverter.UInt64BitsToDouble(a);
        double integral = HostRounding.ToIntegral(value, context.Rounding);
        if (integral >= 0.0 && integral < 4294967296.0)
        {
            NoteExactness(integral == value, ref context);
            return (ulong)(int)double.ConvertToIntegerNative<long>(integral);
        }

        return ToUInt32Slowly(a, ref context);
    }

    /// <summary>Converts to a signed doubleword; what does not fit saturates and raises NV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ToInt64(ulong a, ref FloatContext context)
    {
        double value = BitConverter.UInt64BitsToDouble(a);
        double integral = HostRounding.ToIntegral(value, context.Rounding);
        if (integral >= -9223372036854775808.0 && integral < 9223372036854775808.0)
        {
            NoteExactness(integral == value, ref context);
            return (ulong)double.ConvertToIntegerNative<long>(integral);
        }

        return ToInt64Slowly(a, ref context);
    }

    /// <summary>Converts to an unsigned doubleword; what does not fit saturates and raises NV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ToUInt64(ulong a, ref FloatContext context)
    {
        double value = BitConverter.UInt64BitsToDouble(a);
        double integral = HostRounding.ToIntegral(value, context.Rounding);
        if (integral >= 0.0 && integral < 18446744073709551616.0)
        {
            NoteExactness(integral == value, ref context);
            return double.ConvertToIntegerNative<ulong>(integral);
        }

        return ToUInt64Slowly(a, ref context);
    }

    /// <summary>Converts the low word, signed: always exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong FromInt32(ulong integer) => BitConverter.DoubleToUInt64Bits((int)integer);

    /// <summary>Converts the low word, unsigned: always exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong FromUInt32(ulong integer) => BitConverter.DoubleToUInt64Bits((uint)integer);

    /// <summary>Converts a signed doubleword.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong FromInt64(ulong integer, ref FloatContext context)
        => (long)integer is >= -ExactInteger and <= ExactInteger
            ? BitConverter.DoubleToUInt64Bits((long)integer)
            : FromInt64Slowly(integer, ref context);

    /// <summary>Converts an unsigned doubleword.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong FromUInt64(ulong integer, ref FloatContext context)
        => integer <= (ulong)ExactInteger
            ? BitConverter.DoubleToUInt64Bits((long)integer)
            : FromUInt64Slowly(integer, ref context);

    /// <summary>Converts a single-precision number: exact; only a signaling NaN raises NV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong FromBinary32(uint a, ref FloatContext context)
    {
        float value = BitConverter.UInt32BitsToSingle(a);
        return float.IsNaN(value) ? FromNaN(a, ref context) : BitConverter.DoubleToUInt64Bits(value);
    }

    /// <summary>Converts a half-precision number: exact; only a signaling NaN raises NV.</summary>
    public static ulong FromBinary16(ushort a, ref FloatContext context) => SoftConversion.Convert<Format16, Format64>(a, ref context);

    /// <summary>Rounds to an integral value; a zero result keeps the sign of a.</summary>
    /// <param name="a">The number.</param>
    /// <param name="signalInexact">Whether NX is raised when the result differs from a (FROUNDNX).</param>
    /// <param name="context">Rounding mode and flags.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong RoundToIntegral(ulong a, bool signalInexact, ref FloatContext context)
    {
        double value = BitConverter.UInt64BitsToDouble(a);
        double integral = HostRounding.ToIntegral(value, context.Rounding);
        if (double.IsNaN(integral))
        {
            return RoundToIntegralSlowly(a, signalInexact, ref context);
        }

        if (signalInexact)
        {
            NoteExactness(integral == value, ref context);
        }

        return BitConverter.DoubleToUInt64Bits(integral);
    }

    /// <summary>
    /// FCVTMOD.W.D: truncates and keeps the low word, sign-extended; infinities and NaNs become 0. Flags are those of a conversion to a signed word
    /// with truncation (Unprivileged, "Zfa").
    /// </summary>
    public static ulong ToInt32Modular(ulong a, ref FloatContext context)
    {
        FloatContext truncating = new() { Rounding = RoundingMode.Rtz, Flags = context.Flags };
        _ = ToInt32(a, ref truncating);
        context.Flags = truncating.Flags;

        UnpackedFloat x = UnpackedFloat.From<Format64>(a);
        if (x.Kind != FloatKind.Finite || x.Exponent < 0)
        {
            return 0;
        }

        // Bit n of the significand weighs 2^(Exponent - 63 + n): shift so that bit 0 of the result weighs one. C# masks shift counts, hence the guards.
        int shift = 63 - x.Exponent;
        ulong magnitude = shift >= 0 ? x.Significand >> shift : shift > -64 ? x.Significand << -shift : 0;
        return (ulong)(int)(x.Negative ? 0UL - magnitude : magnitude);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsQuick(in FloatContext context)
        => context.Rounding == RoundingMode.Rne && (context.Flags & FloatFlags.Inexact) != 0;

    // Neither zero, subnormal, in the lowest normal binade (rounded up to from a tiny result), infinite nor NaN: only NX can have been raised.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsSafe(ulong result) => (result << 1) - TwiceSecondBinade < TwiceInfinity - TwiceSecondBinade;

    // Sums have no lower limit, since a tiny one is exact. The upper one lets the error of any such sum be computed without overflow.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsSafeSum(ulong result) => result << 1 < TwiceSumLimit;

    // In [2^-900, 2^1000).
    private static bool HasResidual(double value)
        => (BitConverter.DoubleToUInt64Bits(value) << 1) - TwiceResidualLow < TwiceResidualHigh - TwiceResidualLow;

    // The error of x + y = sum, exactly (Knuth's TwoSum).
    private static double SumError(double x, double y, double sum)
    {
        double yRounded = sum - x;
        double xRounded = sum - yRounded;
        return (x - xRounded) + (y - yRounded);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong AddSlowly(ulong a, ulong b, ref FloatContext context)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        double y = BitConverter.UInt64BitsToDouble(b);
        double sum = x + y;
        ulong result = BitConverter.DoubleToUInt64Bits(sum);
        if (context.Rounding == RoundingMode.Rne && IsSafeSum(result))
        {
            NoteExactness(SumError(x, y, sum) == 0, ref context);
            return result;
        }

        return SoftFloat.Add<Format64>(a, b, ref context);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong MultiplySlowly(ulong a, ulong b, ref FloatContext context)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        double y = BitConverter.UInt64BitsToDouble(b);
        double product = x * y;
        if (HostRounding.HasFusedMultiplyAdd && context.Rounding == RoundingMode.Rne && HasResidual(product))
        {
            NoteExactness(Math.FusedMultiplyAdd(x, y, -product) == 0, ref context);
            return BitConverter.DoubleToUInt64Bits(product);
        }

        return SoftFloat.Multiply<Format64>(a, b, ref context);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong DivideSlowly(ulong a, ulong b, ref FloatContext context)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        double y = BitConverter.UInt64BitsToDouble(b);
        double quotient = x / y;
        ulong result = BitConverter.DoubleToUInt64Bits(quotient);
        if (HostRounding.HasFusedMultiplyAdd && context.Rounding == RoundingMode.Rne && IsSafe(result) && HasResidual(x))
        {
            NoteExactness(Math.FusedMultiplyAdd(-quotient, y, x) == 0, ref context);
            return result;
        }

        return SoftFloat.Divide<Format64>(a, b, ref context);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong SquareRootSlowly(ulong a, ref FloatContext context)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        if (HostRounding.HasFusedMultiplyAdd && context.Rounding == RoundingMode.Rne && x > 0 && HasResidual(x))
        {
            double root = Math.Sqrt(x);
            NoteExactness(Math.FusedMultiplyAdd(-root, root, x) == 0, ref context);
            return BitConverter.DoubleToUInt64Bits(root);
        }

        return SoftFloat.SquareRoot<Format64>(a, ref context);
    }

    // The error of a fused multiply-add is the sum of two doubles, found as Boldo and Muller show ("Exact and Approximated Error of the FMA", 2011).
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong FusedMultiplyAddSlowly(ulong a, ulong b, ulong c, ref FloatContext context)
    {
        double x = BitConverter.UInt64BitsToDouble(a);
        double y = BitConverter.UInt64BitsToDouble(b);
        double z = BitConverter.UInt64BitsToDouble(c);
        double product = x * y;
        if (HostRounding.HasFusedMultiplyAdd && context.Rounding == RoundingMode.Rne && HasResidual(product) && (z == 0 || HasResidual(z)))
        {
            double result = Math.FusedMultiplyAdd(x, y, z);
            double productError = Math.FusedMultiplyAdd(x, y, -product);
            double low = z + productError;
            double lowError = SumError(z, productError, low);
            double high = product + low;
            double highError = SumError(product, low, high);
            double errorHigh = (high - result) + highError;
            NoteExactness(errorHigh == -lowError, ref context);
            return BitConverter.DoubleToUInt64Bits(result);
        }

        return SoftFloat.FusedMultiplyAdd<Format64>(a, b, c, ref context);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ToInt32Slowly(ulong a, ref FloatContext context)
        => SoftConversion.ToInteger<Format64>(a, int.MinValue, int.MaxValue, ref context);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ToUInt32Slowly(ulong a, ref FloatContext context)
        => (ulong)(int)SoftConversion.ToInteger<Format64>(a, 0, uint.MaxValue, ref context);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ToInt64Slowly(ulong a, ref FloatContext context)
        => SoftConversion.ToInteger<Format64>(a, long.MinValue, long.MaxValue, ref context);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ToUInt64Slowly(ulong a, ref FloatContext context)
        => SoftConversion.ToInteger<Format64>(a, 0, ulong.MaxValue, ref context);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong FromInt64Slowly(ulong integer, ref FloatContext context)
    {
        bool negative = (long)integer < 0;
        return SoftConversion.FromInteger<Format64>(negative, negative ? 0UL - integer : integer, ref context);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong FromUInt64Slowly(ulong integer, ref FloatContext context)
        => SoftConversion.FromInteger<Format64>(negative: false, integer, ref context);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong FromNaN(uint a, ref FloatContext context) => SoftConversion.Convert<Format32, Format64>(a, ref context);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong RoundToIntegralSlowly(ulong a, bool signalInexact, ref FloatContext context)
        => SoftConversion.RoundToIntegral<Format64>(a, signalInexact, ref context);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsUnordered(double x, double y) => double.IsNaN(x) || double.IsNaN(y);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong CompareNaNs(ulong a, ulong b, ref FloatContext context)
    {
        if (FloatBits.IsSignaling<Format64>(a) || FloatBits.IsSignaling<Format64>(b))
        {
            context.Flags |= FloatFlags.Invalid;
        }

        return 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong RefuseNaNs(ref FloatContext context)
    {
        context.Flags |= FloatFlags.Invalid;
        return 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void NoteExactness(bool exact, ref FloatContext context)
    {
        if (!exact)
        {
            context.Flags |= FloatFlags.Inexact;
        }
    }
}
