namespace CoveJit.Isa;

/// <summary>What is known about each operation from its declaration. The tables are generated.</summary>
public static partial class OpInfo
{
    /// <summary>Number of operations, <see cref="Op.Illegal"/> included.</summary>
    public static int Count => Mnemonics.Length;

    /// <summary>The assembler mnemonic.</summary>
    public static string Mnemonic(Op op) => Mnemonics[(int)op];

    /// <summary>The extension that declares the operation.</summary>
    public static Extension Extension(Op op) => Extensions[(int)op];

    /// <summary>How the operation is executed.</summary>
    public static OpKind Kind(Op op) => Kinds[(int)op];

    /// <summary>The 32-bit encoding with all operands zero.</summary>
    public static uint Match(Op op) => Matches[(int)op];

    /// <summary>All properties at once.</summary>
    public static OpFlags FlagsOf(Op op) => Flags[(int)op];

    /// <summary>Whether it writes the integer register rd.</summary>
    public static bool WritesRd(Op op) => Has(op, OpFlags.WritesRd);

    /// <summary>Whether it writes the floating-point register fd.</summary>
    public static bool WritesFd(Op op) => Has(op, OpFlags.WritesFd);

    /// <summary>Whether it reads the integer register rs1.</summary>
    public static bool ReadsRs1(Op op) => Has(op, OpFlags.ReadsRs1);

    /// <summary>Whether it reads the integer register rs2.</summary>
    public static bool ReadsRs2(Op op) => Has(op, OpFlags.ReadsRs2);

    /// <summary>Whether it is illegal while mstatus.FS is Off.</summary>
    public static bool UsesFloat(Op op) => Has(op, OpFlags.UsesFloat);

    /// <summary>Whether it may raise floating-point exceptions, or depends on the rounding mode.</summary>
    public static bool RaisesFloatFlags(Op op) => Has(op, OpFlags.RaisesFloatFlags);

    /// <summary>Whether it has a rounding-mode field.</summary>
    public static bool HasRm(Op op) => Has(op, OpFlags.HasRm);

    /// <summary>Whether a decoded block ends with it.</summary>
    public static bool EndsBlock(Op op) => Has(op, OpFlags.EndsBlock);

    private static bool Has(Op op, OpFlags flag) => (Flags[(int)op] & flag) != 0;
}
