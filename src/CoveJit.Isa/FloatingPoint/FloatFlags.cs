namespace CoveJit.Isa.FloatingPoint;

/// <summary>Accrued exception flags with their bits in fflags.</summary>
[Flags]
public enum FloatFlags : uint
{
    /// <summary>No exception.</summary>
    None = 0,

    /// <summary>NX: inexact.</summary>
    Inexact = 1,

    /// <summary>UF: underflow (tininess detected after rounding).</summary>
    Underflow = 2,

    /// <summary>OF: overflow.</summary>
    Overflow = 4,

    /// <summary>DZ: divide by zero.</summary>
    DivideByZero = 8,

    /// <summary>NV: invalid operation.</summary>
    Invalid = 16,
}
