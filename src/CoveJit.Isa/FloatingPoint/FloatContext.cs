namespace CoveJit.Isa.FloatingPoint;

/// <summary>The environment of one floating-point operation: the rounding mode it uses and the flags accrued so far, to which it adds.</summary>
public struct FloatContext
{
    /// <summary>The resolved rounding mode, never <see cref="RoundingMode.Dynamic"/>.</summary>
    public RoundingMode Rounding;

    /// <summary>Flags accrued before and, on return, by the operation. Knowing that NX is set already lets an operation skip the exactness test.</summary>
    public FloatFlags Flags;
}
