using System.Runtime.CompilerServices;

namespace CoveJit.Isa.FloatingPoint;

/// <summary>
/// Single-precision operations on encodings, as RISC-V defines them: canonical NaNs, tininess after rounding, saturating integer
/// conversions.
/// </summary>
/// <remarks>
/// Arithmetic has three steps. The inlined one lets the host compute and keeps its result if rounding is to nearest even, NX is already
/// set, and the result lies where no other flag can arise. The cold one finds out whether the result was exact, from the rounding error that
/// the host can compute where it is itself representable. Everything else goes to <see cref="SoftFloat"/>. The host's own floating-point
/// environment is neither read nor changed.
/// </remarks>
public static class Binary32
{
    private const uint SignBit = 0x8000_0000;

    // Twice the encodings between which exponent fields lie, so that a shift drops the sign.
    private const uint TwiceSecondBinade = 2U << 24;
    private const uint TwiceInfinity = 0xFFU << 24;
    private const uint TwiceSumLimit = 0xFDU << 24;

    // The integers up to here are all representable in double precision.
    private const long ExactInteger = 1L << 53;

    /// <summary>a + b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Add(uint a, uint b, ref FloatContext context)
    {
        uint result = BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(a) + BitConverter.UInt32BitsToSingle(b));
        return IsQuick(context) && IsSafeSum(result) ? result : AddSlowly(a, b, ref context);
    }

    /// <summary>a - b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Subtract(uint a, uint b, ref FloatContext context)
    {
        uint result = BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(a) - BitConverter.UInt32BitsToSingle(b));
        return IsQuick(context) && IsSafeSum(result) ? result : AddSlowly(a, b ^ SignBit, ref context);
    }

    /// <summary>a x b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Multiply(uint a, uint b, ref FloatContext context)
    {
        uint result = BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(a) * BitConverter.UInt32BitsToSingle(b));
        return IsQuick(context) && IsSafe(result) ? result : MultiplySlowly(a, b, ref context);
    }

    /// <summary>a / b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Divide(uint a, uint b, ref FloatContext context)
    {
        uint result = BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(a) / BitConverter.UInt32BitsToSingle(b));
        return IsQuick(context) && IsSafe(result) ? result : DivideSlowly(a, b, ref context);
    }

    /// <summary>The square root of a.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint SquareRoot(uint a, ref FloatContext context)
    {
        uint result = BitConverter.SingleToUInt32Bits(MathF.Sqrt(BitConverter.UInt32BitsToSingle(a)));
        return IsQuick(context) && IsSafe(result) ? result : SquareRootSlowly(a, ref context);
    }

    /// <summary>(a x b) + c with one rounding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint FusedMultiplyAdd(uint a, uint b, uint c, ref FloatContext context)
    {
        if (HostRounding.HasFusedMultiplyAdd && IsQuick(context))
        {
            uint result = BitConverter.SingleToUInt32Bits(MathF.FusedMultiplyAdd(BitConverter.UInt32BitsToSingle(a), BitConverter.UInt32BitsToSingle(b), BitConverter.UInt32BitsToSingle(c)));
            if (IsSafe(result))
            {
                return result;
            }
        }

        return FusedMultiplyAddSlowly(a, b, c, ref context);
    }

    /// <summary>-(a), for the negating forms of fused multiply-add.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Negate(uint a) => a ^ SignBit;

    /// <summary>The magnitude of a with the sign of b (FSGNJ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint InjectSign(uint a, uint b) => (a & ~SignBit) | (b & SignBit);

    /// <summary>The magnitude of a with the opposite of b's sign (FSGNJN).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint InjectNegatedSign(uint a, uint b) => (a & ~SignBit) | (~b & SignBit);

    /// <summary>a with its sign changed if b is negative (FSGNJX).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint InjectSignProduct(uint a, uint b) => a ^ (b & SignBit);

    /// <summary>IEEE 754-2019 minimumNumber: -0 is less than +0, and a number is preferred to a NaN.</summary>
    public static uint MinimumNumber(uint a, uint b, ref FloatContext context) => (uint)FloatBits.MinimumNumber<Format32>(a, b, ref context);

    /// <summary>IEEE 754-2019 maximumNumber.</summary>
    public static uint MaximumNumber(uint a, uint b, ref FloatContext context) => (uint)FloatBits.MaximumNumber<Format32>(a, b, ref context);

    /// <summary>IEEE 754-2019 minimum: a NaN operand makes the result NaN.</summary>
    public static uint Minimum(uint a, uint b, ref FloatContext context) => (uint)FloatBits.Minimum<Format32>(a, b, ref context);

    /// <summary>IEEE 754-2019 maximum: a NaN operand makes the result NaN.</summary>
    public static uint Maximum(uint a, uint b, ref FloatContext context) => (uint)FloatBits.Maximum<Format32>(a, b, ref context);

    /// <summary>The ten-bit mask of FCLASS.</summary>
    public static ulong Classify(uint a) => FloatBits.Classify<Format32>(a);

    /// <summary>1 if a equals b, else 0; only a signaling NaN raises NV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Equal(uint a, uint b, ref FloatContext context)
    {
        float x = BitConverter.UInt32BitsToSingle(a);
        float y = BitConverter.UInt32BitsToSingle(b);
        return IsUnordered(x, y) ? CompareNaNs(a, b, ref context) : x == y ? 1UL : 0;
    }

    /// <summary>1 if a is less than b, else 0; any NaN raises NV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Less(uint a, uint b, ref FloatContext context)
    {
        float x = BitConverter.UInt32BitsToSingle(a);
        float y = BitConverter.UInt32BitsToSingle(b);
        return IsUnordered(x, y) ? RefuseNaNs(ref context) : x < y ? 1UL : 0;
    }

    /// <summary>1 if a is less than or equal to b, else 0; any NaN raises NV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong LessOrEqual(uint a, uint b, ref FloatContext context)
    {
        float x = BitConverter.UInt32BitsToSingle(a);
        float y = BitConverter.UInt32BitsToSingle(b);
        return IsUnordered(x, y) ? RefuseNaNs(ref context) : x <= y ? 1UL : 0;
    }

    /// <summary>As <see cref="Less"/>, but only a signaling NaN raises NV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong LessQuiet(uint a, uint b, ref FloatContext context)
    {
        float x = BitConverter.UInt32BitsToSingle(a);
        float y = BitConverter.UInt32BitsToSingle(b);
        return IsUnordered(x, y) ? CompareNaNs(a, b, ref context) : x < y ? 1UL : 0;
    }

    /// <summary>As <see cref="LessOrEqual"/>, but only a signaling NaN raises NV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong LessOrEqualQuiet(uint a, uint b, ref FloatContext context)
    {
        float x = BitConverter.UInt32BitsToSingle(a);
        float y = BitConverter.UInt32BitsToSingle(b);
        return IsUnordered(x, y) ? CompareNaNs(a, b, ref context) : x <= y ? 1UL : 0;
    }

    /// <summary>Converts to a signed word; what does not fit saturates and raises NV.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ToInt32(uint a, ref FloatContext context)
    {
        double value = BitConverter.UInt32BitsToSingle(a);
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
    public static ulong ToUInt32(uint a, ref FloatContext context)
    {
        double value = BitConverter.UInt32BitsToSingle(a);
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
    public static ulong ToInt64(uint a, ref FloatContext context)
    {
        double value = BitConverter.UInt32BitsToSingle(a);
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
    public static ulong ToUInt64(uint a, ref FloatContext context)
    {
        double value = BitConverter.UInt32BitsToSingle(a);
        double integral = HostRounding.ToIntegral(value, context.Rounding);
        if (integral >= 0.0 && integral < 18446744073709551616.0)
        {
            NoteExactness(integral == value, ref context);
            return double.ConvertToIntegerNative<ulong>(integral);
        }

        return ToUInt64Slowly(a, ref context);
    }

    /// <summary>Converts the low word, signed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint FromInt32(ulong integer, ref FloatContext context) => Narrow((int)integer, ref context);

    /// <summary>Converts the low word, unsigned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint FromUInt32(ulong integer, ref FloatContext context) => Narrow((uint)integer, ref context);

    /// <summary>Converts a signed doubleword.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint FromInt64(ulong integer, ref FloatContext context)
        => (long)integer is >= -ExactInteger and <= ExactInteger
            ? Narrow((long)integer, ref context)
            : FromInt64Slowly(integer, ref context);

    /// <summary>Converts an unsigned doubleword.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint FromUInt64(ulong integer, ref FloatContext context)
        => integer <= (ulong)ExactInteger
            ? Narrow((long)integer, ref context)
            : FromUInt64Slowly(integer, ref context);

    /// <summary>Converts a double-precision number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint FromBinary64(ulong a, ref FloatContext context) => Narrow(BitConverter.UInt64BitsToDouble(a), ref context);

    /// <summary>Converts a half-precision number: exact; only a signaling NaN raises NV.</summary>
    public static uint FromBinary16(ushort a, ref FloatContext context) => (uint)SoftConversion.Convert<Format16, Format32>(a, ref context);

    /// <summary>Rounds to an integral value; a zero result keeps the sign of a.</summary>
    /// <param name="a">The number.</param>
    /// <param name="signalInexact">Whether NX is raised when the result differs from a (FROUNDNX).</param>
    /// <param name="context">Rounding mode and flags.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint RoundToIntegral(uint a, bool signalInexact, ref FloatContext context)
    {
        double value = BitConverter.UInt32BitsToSingle(a);
        double integral = HostRounding.ToIntegral(value, context.Rounding);
        if (double.IsNaN(integral))
        {
            return RoundToIntegralSlowly(a, signalInexact, ref context);
        }

        if (signalInexact)
        {
            NoteExactness(integral == value, ref context);
        }

        return BitConverter.SingleToUInt32Bits((float)integral);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsQuick(in FloatContext context)
        => context.Rounding == RoundingMode.Rne && (context.Flags & FloatFlags.Inexact) != 0;

    // Neither zero, subnormal, in the lowest normal binade (rounded up to from a tiny result), infinite nor NaN: only NX can have been raised.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsSafe(uint result) => (result << 1) - TwiceSecondBinade < TwiceInfinity - TwiceSecondBinade;

    // Sums have no lower limit, since a tiny one is exact. The upper one lets the error of any such sum be computed without overflow.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsSafeSum(uint result) => result << 1 < TwiceSumLimit;

    // The error of x + y = sum, exactly (Knuth's TwoSum).
    private static float SumError(float x, float y, float sum)
    {
        float yRounded = sum - x;
        float xRounded = sum - yRounded;
        return (x - xRounded) + (y - yRounded);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static uint AddSlowly(uint a, uint b, ref FloatContext context)
    {
        float x = BitConverter.UInt32BitsToSingle(a);
        float y = BitConverter.UInt32BitsToSingle(b);
        float sum = x + y;
        uint result = BitConverter.SingleToUInt32Bits(sum);
        if (context.Rounding == RoundingMode.Rne && IsSafeSum(result))
        {
            NoteExactness(SumError(x, y, sum) == 0, ref context);
            return result;
        }

        return (uint)SoftFloat.Add<Format32>(a, b, ref context);
    }

    // Products and squares of single-precision numbers are exact in double precision, whatever their exponents.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static uint MultiplySlowly(uint a, uint b, ref FloatContext context)
    {
        double product = (double)BitConverter.UInt32BitsToSingle(a) * BitConverter.UInt32BitsToSingle(b);
        float rounded = (float)product;
        uint result = BitConverter.SingleToUInt32Bits(rounded);
        if (rounded == product)
        {
            return result;
        }

        if (context.Rounding == RoundingMode.Rne && IsSafe(result))
        {
            context.Flags |= FloatFlags.Inexact;
            return result;
        }

        return (uint)SoftFloat.Multiply<Format32>(a, b, ref context);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static uint DivideSlowly(uint a, uint b, ref FloatContext context)
    {
        float x = BitConverter.UInt32BitsToSingle(a);
        float y = BitConverter.UInt32BitsToSingle(b);
        float quotient = x / y;
        uint result = BitConverter.SingleToUInt32Bits(quotient);
        if (context.Rounding == RoundingMode.Rne && IsSafe(result))
        {
            NoteExactness((double)quotient * y == x, ref context);
            return result;
        }

        return (uint)SoftFloat.Divide<Format32>(a, b, ref context);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static uint SquareRootSlowly(uint a, ref FloatContext context)
    {
        float x = BitConverter.UInt32BitsToSingle(a);
        float root = MathF.Sqrt(x);
        uint result = BitConverter.SingleToUInt32Bits(root);
        if (context.Rounding == RoundingMode.Rne && IsSafe(result))
        {
            NoteExactness((double)root * root == x, ref context);
            return result;
        }

        return (uint)SoftFloat.SquareRoot<Format32>(a, ref context);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static uint FusedMultiplyAddSlowly(uint a, uint b, uint c, ref FloatContext context)
    {
        float x = BitConverter.UInt32BitsToSingle(a);
        float y = BitConverter.UInt32BitsToSingle(b);
        float z = BitConverter.UInt32BitsToSingle(c);
        if (HostRounding.HasFusedMultiplyAdd && context.Rounding == RoundingMode.Rne)
        {
            float fused = MathF.FusedMultiplyAdd(x, y, z);
            uint result = BitConverter.SingleToUInt32Bits(fused);
            if (IsSafe(result))
            {
                // A sum that is not exact in double precision is not exact in single precision either.
                double product = (double)x * y;
                double sum = product + z;
                double yRounded = sum - product;
                double error = (product - (sum - yRounded)) + (z - yRounded);
                NoteExactness(sum == fused && error == 0, ref context);
                return result;
            }
        }

        return (uint)SoftFloat.FusedMultiplyAdd<Format32>(a, b, c, ref context);
    }

    // Rounds a number that is exact in double precision.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Narrow(double value, ref FloatContext context)
    {
        float rounded = (float)value;
        uint result = BitConverter.SingleToUInt32Bits(rounded);
        return rounded == value || (IsQuick(context) && IsSafe(result)) ? result : NarrowSlowly(value, ref context);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static uint NarrowSlowly(double value, ref FloatContext context)
        => (uint)SoftConversion.Convert<Format64, Format32>(BitConverter.DoubleToUInt64Bits(value), ref context);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ToInt32Slowly(uint a, ref FloatContext context)
        => SoftConversion.ToInteger<Format32>(a, int.MinValue, int.MaxValue, ref context);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ToUInt32Slowly(uint a, ref FloatContext context)
        => (ulong)(int)SoftConversion.ToInteger<Format32>(a, 0, uint.MaxValue, ref context);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ToInt64Slowly(uint a, ref FloatContext context)
        => SoftConversion.ToInteger<Format32>(a, long.MinValue, long.MaxValue, ref context);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ToUInt64Slowly(uint a, ref FloatContext context)
        => SoftConversion.ToInteger<Format32>(a, 0, ulong.MaxValue, ref context);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static uint FromInt64Slowly(ulong integer, ref FloatContext context)
    {
        bool negative = (long)integer < 0;
        return (uint)SoftConversion.FromInteger<Format32>(negative, negative ? 0UL - integer : integer, ref context);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static uint FromUInt64Slowly(ulong integer, ref FloatContext context)
        => (uint)SoftConversion.FromInteger<Format32>(negative: false, integer, ref context);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static uint RoundToIntegralSlowly(uint a, bool signalInexact, ref FloatContext context)
        => (uint)SoftConversion.RoundToIntegral<Format32>(a, signalInexact, ref context);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsUnordered(float x, float y) => float.IsNaN(x) || float.IsNaN(y);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong CompareNaNs(uint a, uint b, ref FloatContext context)
    {
        if (FloatBits.IsSignaling<Format32>(a) || FloatBits.IsSignaling<Format32>(b))
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
