namespace CoveJit.Isa;

/// <summary>Properties of an operation, as its declaration implies them.</summary>
[Flags]
public enum OpFlags
{
    /// <summary>None of the below.</summary>
    None = 0,

    /// <summary>Writes the integer register rd.</summary>
    WritesRd = 1 << 0,

    /// <summary>Writes the floating-point register fd.</summary>
    WritesFd = 1 << 1,

    /// <summary>Reads the integer register rs1.</summary>
    ReadsRs1 = 1 << 2,

    /// <summary>Reads the integer register rs2.</summary>
    ReadsRs2 = 1 << 3,

    /// <summary>Reads the old value of the integer register rd.</summary>
    ReadsRd = 1 << 4,

    /// <summary>Reads the floating-point register fs1.</summary>
    ReadsFs1 = 1 << 5,

    /// <summary>Reads the floating-point register fs2.</summary>
    ReadsFs2 = 1 << 6,

    /// <summary>Reads the floating-point register fs3.</summary>
    ReadsFs3 = 1 << 7,

    /// <summary>Touches floating-point registers: illegal while mstatus.FS is Off.</summary>
    UsesFloat = 1 << 8,

    /// <summary>Has a rounding-mode field.</summary>
    HasRm = 1 << 9,

    /// <summary>A decoded block ends with it.</summary>
    EndsBlock = 1 << 10,

    /// <summary>Declared hot: the interpreter inlines it.</summary>
    Hot = 1 << 11,

    /// <summary>The immediate is an offset from the instruction's own address.</summary>
    PcRelative = 1 << 12,

    /// <summary>May raise floating-point exceptions, or depends on the rounding mode.</summary>
    RaisesFloatFlags = 1 << 13,
}
