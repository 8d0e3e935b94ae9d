namespace CoveJit.Isa.FloatingPoint;

/// <summary>What an encoding stands for.</summary>
internal enum FloatKind
{
    /// <summary>A zero of either sign.</summary>
    Zero,

    /// <summary>A normal or subnormal number.</summary>
    Finite,

    /// <summary>An infinity.</summary>
    Infinity,

    /// <summary>A quiet NaN.</summary>
    QuietNaN,

    /// <summary>A signaling NaN: any arithmetic on it raises NV.</summary>
    SignalingNaN,
}
