namespace CoveJit.Isa.FloatingPoint;

/// <summary>Rounding modes with their encodings in frm and in the rm field (Unprivileged, "F", table of rounding modes).</summary>
public enum RoundingMode
{
    /// <summary>Round to nearest, ties to even.</summary>
    Rne,

    /// <summary>Round towards zero.</summary>
    Rtz,

    /// <summary>Round down, towards minus infinity.</summary>
    Rdn,

    /// <summary>Round up, towards plus infinity.</summary>
    Rup,

    /// <summary>Round to nearest, ties to maximum magnitude.</summary>
    Rmm,

    /// <summary>In the rm field: use frm.</summary>
    Dynamic = 7,
}
