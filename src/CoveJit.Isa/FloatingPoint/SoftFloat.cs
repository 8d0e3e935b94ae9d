namespace CoveJit.Isa.FloatingPoint;

/// <summary>
/// IEEE 754 arithmetic in integers, exact in every rounding mode and flag: the definition of what the fast paths of
/// <see cref="Binary32"/> and <see cref="Binary64"/> compute, and their fallback.
/// </summary>
/// <remarks>
/// Each operation deals with NaNs, infinities and zeros, forms the exact result (or one whose lowest bit is sticky), and leaves the rest to
/// <see cref="FloatRounding"/>. Flags are added to the context; NaN results are canonical.
/// </remarks>
internal static class SoftFloat
{
    /// <summary>a + b.</summary>
    public static ulong Add<TFormat>(ulong a, ulong b, ref FloatContext context)
        where TFormat : struct, IFloatFormat
    {
        UnpackedFloat x = UnpackedFloat.From<TFormat>(a);
        UnpackedFloat y = UnpackedFloat.From<TFormat>(b);
        if (x.IsNaN || y.IsNaN)
        {
            return Propagate<TFormat>(x.Kind, y.Kind, ref context);
        }

        if (x.Kind == FloatKind.Infinity)
        {
            return y.Kind == FloatKind.Infinity && x.Negative != y.Negative ? Invalid<TFormat>(ref context) : a;
        }

        if (y.Kind == FloatKind.Infinity)
        {
            return b;
        }

        if (x.Kind == FloatKind.Zero)
        {
            return y.Kind != FloatKind.Zero || x.Negative == y.Negative ? b : ZeroOfSum<TFormat>(context.Rounding);
        }

        if (y.Kind == FloatKind.Zero)
        {
            return a;
        }

        return Sum<TFormat>(x.Negative, x.Exponent, Widen(x.Significand), y.Negative, y.Exponent, Widen(y.Significand), ref context);
    }

    /// <summary>a - b.</summary>
    public static ulong Subtract<TFormat>(ulong a, ulong b, ref FloatContext context)
        where TFormat : struct, IFloatFormat
        => Add<TFormat>(a, b ^ Layout<TFormat>.SignBit, ref context);

    /// <summary>a x b.</summary>
    public static ulong Multiply<TFormat>(ulong a, ulong b, ref FloatContext context)
        where TFormat : struct, IFloatFormat
    {
        UnpackedFloat x = UnpackedFloat.From<TFormat>(a);
        UnpackedFloat y = UnpackedFloat.From<TFormat>(b);
        if (x.IsNaN || y.IsNaN)
        {
            return Propagate<TFormat>(x.Kind, y.Kind, ref context);
        }

        ulong sign = (a ^ b) & Layout<TFormat>.SignBit;
        if (x.Kind == FloatKind.Infinity || y.Kind == FloatKind.Infinity)
        {
            return x.Kind == FloatKind.Zero || y.Kind == FloatKind.Zero ? Invalid<TFormat>(ref context) : sign | Layout<TFormat>.Infinity;
        }

        if (x.Kind == FloatKind.Zero || y.Kind == FloatKind.Zero)
        {
            return sign;
        }

        // Two numbers in [1, 2): the product's leading bit is at bit 126 or 127, and bit 127 stands for 2.
        UInt128 product = (UInt128)x.Significand * y.Significand;
        return FloatRounding.Round<TFormat>(sign != 0, x.Exponent + y.Exponent + 1, product, ref context);
    }

    /// <summary>a / b.</summary>
    public static ulong Divide<TFormat>(ulong a, ulong b, ref FloatContext context)
        where TFormat : struct, IFloatFormat
    {
        UnpackedFloat x = UnpackedFloat.From<TFormat>(a);
        UnpackedFloat y = UnpackedFloat.From<TFormat>(b);
        if (x.IsNaN || y.IsNaN)
        {
            return Propagate<TFormat>(x.Kind, y.Kind, ref context);
        }

        ulong sign = (a ^ b) & Layout<TFormat>.SignBit;
        if (x.Kind == y.Kind && x.Kind != FloatKind.Finite)
        {
            return Invalid<TFormat>(ref context);
        }

        if (x.Kind == FloatKind.Infinity)
        {
            return sign | Layout<TFormat>.Infinity;
        }

        if (y.Kind == FloatKind.Zero)
        {
            context.Flags |= FloatFlags.DivideByZero;
            return sign | Layout<TFormat>.Infinity;
        }

        if (x.Kind == FloatKind.Zero || y.Kind == FloatKind.Infinity)
        {
            return sign;
        }

        // The dividend is scaled so that the quotient's leading bit is always bit 63.
        bool below = x.Significand < y.Significand;
        UInt128 dividend = (UInt128)x.Significand << (below ? 64 : 63);
        (UInt128 quotient, UInt128 remainder) = UInt128.DivRem(dividend, y.Significand);
        ulong significand = (ulong)quotient | (remainder != UInt128.Zero ? 1UL : 0);
        return FloatRounding.Round<TFormat>(sign != 0, x.Exponent - y.Exponent - (below ? 1 : 0), significand, ref context);
    }

    /// <summary>The square root of a.</summary>
    public static ulong SquareRoot<TFormat>(ulong a, ref FloatContext context)
        where TFormat : struct, IFloatFormat
    {
        UnpackedFloat x = UnpackedFloat.From<TFormat>(a);
        if (x.IsNaN)
        {
            return Propagate<TFormat>(x.Kind, x.Kind, ref context);
        }

        if (x.Kind == FloatKind.Zero)
        {
            return a;
        }

        if (x.Negative)
        {
            return Invalid<TFormat>(ref context);
        }

        if (x.Kind == FloatKind.Infinity)
        {
            return a;
        }

        // An even exponent halves exactly; the radicand then lies in [2^126, 2^128) and its root has bit 63 set.
        UInt128 radicand = (UInt128)x.Significand << ((x.Exponent & 1) == 0 ? 63 : 64);
        ulong root = IntegerSquareRoot(radicand);
        if ((UInt128)root * root != radicand)
        {
            root |= 1;
        }

        return FloatRounding.Round<TFormat>(negative: false, x.Exponent >> 1, root, ref context);
    }

    /// <summary>(a x b) + c, rounded once. Infinity times zero raises NV even if c is a quiet NaN.</summary>
    public static ulong FusedMultiplyAdd<TFormat>(ulong a, ulong b, ulong c, ref FloatContext context)
        where TFormat : struct, IFloatFormat
    {
        UnpackedFloat x = UnpackedFloat.From<TFormat>(a);
        UnpackedFloat y = UnpackedFloat.From<TFormat>(b);
        UnpackedFloat z = UnpackedFloat.From<TFormat>(c);
        if ((x.Kind == FloatKind.Infinity && y.Kind == FloatKind.Zero) || (x.Kind == FloatKind.Zero && y.Kind == FloatKind.Infinity))
        {
            return Invalid<TFormat>(ref context);
        }

        if (x.IsNaN || y.IsNaN || z.IsNaN)
        {
            FloatKind worse = x.Kind > y.Kind ? x.Kind : y.Kind;
            return Propagate<TFormat>(worse, z.Kind, ref context);
        }

        bool negative = x.Negative != y.Negative;
        if (x.Kind == FloatKind.Infinity || y.Kind == FloatKind.Infinity)
        {
            return z.Kind == FloatKind.Infinity && z.Negative != negative
                ? Invalid<TFormat>(ref context)
                : (negative ? Layout<TFormat>.SignBit : 0) | Layout<TFormat>.Infinity;
        }

        if (z.Kind == FloatKind.Infinity)
        {
            return c;
        }

        if (x.Kind == FloatKind.Zero || y.Kind == FloatKind.Zero)
        {
            return z.Kind != FloatKind.Zero || z.Negative == negative ? c : ZeroOfSum<TFormat>(context.Rounding);
        }

        UInt128 product = (UInt128)x.Significand * y.Significand;
        int exponent = x.Exponent + y.Exponent;
        if (z.Kind == FloatKind.Zero)
        {
            return FloatRounding.Round<TFormat>(negative, exponent + 1, product, ref context);
        }

        // Sum wants the leading bit at bit 126. The shift is exact: the significands' low bits below the precision are zero.
        if ((product >> 127) != UInt128.Zero)
        {
            product >>= 1;
            exponent++;
        }

        return Sum<TFormat>(negative, exponent, product, z.Negative, z.Exponent, Widen(z.Significand), ref context);
    }

    /// <summary>The canonical NaN, with NV raised.</summary>
    public static ulong Invalid<TFormat>(ref FloatContext context)
        where TFormat : struct, IFloatFormat
    {
        context.Flags |= FloatFlags.Invalid;
        return Layout<TFormat>.CanonicalNaN;
    }

    /// <summary>The canonical NaN, with NV raised if one of the operands is signaling.</summary>
    public static ulong Propagate<TFormat>(FloatKind x, FloatKind y, ref FloatContext context)
        where TFormat : struct, IFloatFormat
    {
        if (x == FloatKind.SignalingNaN || y == FloatKind.SignalingNaN)
        {
            context.Flags |= FloatFlags.Invalid;
        }

        return Layout<TFormat>.CanonicalNaN;
    }

    // The leading bit at bit 126: a sum of two such numbers cannot overflow.
    private static UInt128 Widen(ulong significand) => (UInt128)significand << 63;

    // Adds two numbers of the form significand x 2^(exponent - 126) with bit 126 set and the lowest 20 bits zero. With so many guard bits an
    // alignment shift that makes bit 0 sticky is followed by a normalisation of at most one place, so the sticky bit stays below the rounding point.
    private static ulong Sum<TFormat>(
        bool xNegative, int xExponent, UInt128 x, bool yNegative, int yExponent, UInt128 y, ref FloatContext context)
        where TFormat : struct, IFloatFormat
    {
        if (xExponent < yExponent || (xExponent == yExponent && x < y))
        {
            (xNegative, xExponent, x, yNegative, yExponent, y) = (yNegative, yExponent, y, xNegative, xExponent, x);
        }

        y = FloatRounding.ShiftRightSticky(y, xExponent - yExponent);
        UInt128 sum = xNegative == yNegative ? x + y : x - y;
        return sum == UInt128.Zero
            ? ZeroOfSum<TFormat>(context.Rounding)
            : FloatRounding.Round<TFormat>(xNegative, xExponent + 1, sum, ref context);
    }

    // An exact zero from operands of opposite signs is negative only when rounding down.
    private static ulong ZeroOfSum<TFormat>(RoundingMode mode)
        where TFormat : struct, IFloatFormat
        => mode == RoundingMode.Rdn ? Layout<TFormat>.SignBit : 0;

    private static ulong IntegerSquareRoot(UInt128 radicand)
    {
        ulong root = 0;
        for (ulong bit = 1UL << 63; bit != 0; bit >>= 1)
        {
            ulong candidate = root | bit;
            if ((UInt128)candidate * candidate <= radicand)
            {
                root = candidate;
            }
        }

        return root;
    }
}
