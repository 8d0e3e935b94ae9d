namespace CoveJit.Isa.FloatingPoint;

/// <summary>binary16: half precision.</summary>
internal readonly struct Format16 : IFloatFormat
{
    /// <inheritdoc/>
    public static int FractionBits => 10;

    /// <inheritdoc/>
    public static int ExponentBits => 5;
}
