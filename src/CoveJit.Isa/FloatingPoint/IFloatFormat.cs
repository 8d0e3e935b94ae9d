namespace CoveJit.Isa.FloatingPoint;

/// <summary>An IEEE 754 binary interchange format, told by its field widths. Everything else about it is in <see cref="Layout{TFormat}"/>.</summary>
internal interface IFloatFormat
{
    /// <summary>Width of the trailing significand field: the precision is one more.</summary>
    static abstract int FractionBits { get; }

    /// <summary>Width of the biased exponent field.</summary>
    static abstract int ExponentBits { get; }
}
