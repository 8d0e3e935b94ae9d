namespace CoveJit.Isa.FloatingPoint;

/// <summary>binary32: single precision.</summary>
internal readonly struct Format32 : IFloatFormat
{
    /// <inheritdoc/>
    public static int FractionBits => 23;

    /// <inheritdoc/>
    public static int ExponentBits => 8;
}
