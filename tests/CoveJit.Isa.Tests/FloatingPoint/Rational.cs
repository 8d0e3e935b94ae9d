using System.Numerics;

namespace CoveJit.Isa.Tests.FloatingPoint;

/// <summary>An exact rational number; the denominator is positive. Not reduced: nothing here needs it.</summary>
internal readonly record struct Rational(BigInteger Numerator, BigInteger Denominator)
{
    public int Sign => Numerator.Sign;

    public static Rational PowerOfTwo(int exponent)
        => exponent >= 0 ? new(BigInteger.One << exponent, 1) : new(1, BigInteger.One << -exponent);

    public static Rational operator +(Rational a, Rational b)
        => new((a.Numerator * b.Denominator) + (b.Numerator * a.Denominator), a.Denominator * b.Denominator);

    public static Rational operator -(Rational a) => new(-a.Numerator, a.Denominator);

    public static Rational operator *(Rational a, Rational b) => new(a.Numerator * b.Numerator, a.Denominator * b.Denominator);

    public static Rational operator /(Rational a, Rational b)
        => b.Sign > 0
            ? new(a.Numerator * b.Denominator, a.Denominator * b.Numerator)
            : new(-a.Numerator * b.Denominator, a.Denominator * -b.Numerator);

    public int CompareTo(Rational other) => (Numerator * other.Denominator).CompareTo(other.Numerator * Denominator);

    public Rational Abs() => new(BigInteger.Abs(Numerator), Denominator);

    /// <summary>The largest e with 2^e &lt;= |this|.</summary>
    public int Exponent()
    {
        int estimate = (int)(BigInteger.Abs(Numerator).GetBitLength() - Denominator.GetBitLength());
        return Abs().CompareTo(PowerOfTwo(estimate)) >= 0 ? estimate : estimate - 1;
    }
}
