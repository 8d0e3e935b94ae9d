namespace CoveJit.Isa.Tests.FloatingPoint;

/// <summary>
/// Operands where floating point goes wrong: the ends of the exponent range, powers of two and their neighbours, subnormals, NaNs, numbers that
/// nearly cancel, integers whose results are exact. The seed fixes the sequence.
/// </summary>
internal sealed class OperandSource(ReferenceFloat format, int seed)
{
    private readonly Random _random = new(seed);

    private int FractionBits => format.Precision - 1;

    private int Bias => (1 << (format.ExponentBits - 1)) - 1;

    public ulong Bits() => (ulong)_random.NextInt64(long.MinValue, long.MaxValue);

    public ulong Next() => _random.Next(4) switch
    {
        0 => Bits() & ((format.SignBit << 1) - 1),
        1 => Compose(ExtremeExponent(), Fraction()),
        2 => Compose(Bias + _random.Next(-format.Precision - 3, format.Precision + 4), Fraction()),
        _ => Integer(),
    };

    /// <summary>An operand that is often related to <paramref name="other"/>: of close exponent, its neighbour, or its negation.</summary>
    public ulong NextTo(ulong other) => _random.Next(4) switch
    {
        0 => Shift(other, _random.Next(-format.Precision - 3, format.Precision + 4)),
        1 => (other + (ulong)_random.Next(-2, 3)) & ((format.SignBit << 1) - 1) ^ Sign(),
        _ => Next(),
    };

    // For products at the underflow and overflow thresholds: an exponent that brings the sum of both near the given end.
    public ulong NextForProduct(ulong other)
    {
        if (_random.Next(3) != 0)
        {
            return NextTo(other);
        }

        int exponent = (int)((other & ~format.SignBit) >> FractionBits);
        int target = _random.Next(2) == 0 ? _random.Next(-format.Precision - 2, 4) : (2 * Bias) + _random.Next(-3, 4);
        return Compose(target - exponent + Bias, Fraction());
    }

    private ulong Sign() => _random.Next(2) == 0 ? 0 : format.SignBit;

    private ulong Compose(int biased, ulong fraction)
    {
        ulong exponent = (ulong)Math.Clamp(biased, 0, (2 * Bias) + 1);
        return Sign() | (exponent << FractionBits) | fraction;
    }

    private int ExtremeExponent()
    {
        int near = _random.Next(4);
        return _random.Next(4) switch
        {
            0 => near,
            1 => (2 * Bias) + 1 - near,
            2 => format.Precision + near,
            _ => Bias - 1 + near,
        };
    }

    private ulong Fraction()
    {
        ulong mask = (1UL << FractionBits) - 1;
        return _random.Next(7) switch
        {
            0 => 0,
            1 => mask,
            2 => (ulong)_random.Next(3),
            3 => mask - (ulong)_random.Next(3),
            4 => 1UL << _random.Next(FractionBits),
            5 => Bits() & mask & (mask << _random.Next(FractionBits)),
            _ => Bits() & mask,
        };
    }

    private ulong Integer()
    {
        ulong magnitude = (ulong)_random.Next(1, 1 << Math.Min(format.Precision, 12));
        int top = 63 - System.Numerics.BitOperations.LeadingZeroCount(magnitude);
        ulong fraction = format.Precision - 1 >= top ? (magnitude ^ (1UL << top)) << (FractionBits - top) : 0;
        return Compose(Bias + top, fraction);
    }

    private ulong Shift(ulong other, int by)
    {
        int biased = (int)((other & ~format.SignBit) >> FractionBits);
        return Compose(biased + by, Fraction());
    }
}
