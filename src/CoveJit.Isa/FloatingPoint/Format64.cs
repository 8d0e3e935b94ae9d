namespace CoveJit.Isa.FloatingPoint;

/// <summary>binary64: double precision.</summary>
internal readonly struct Format64 : IFloatFormat
{
    /// <inheritdoc/>
    public static int FractionBits => 52;

    /// <inheritdoc/>
    public static int ExponentBits => 11;
}
