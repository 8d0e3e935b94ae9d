using CoveJit.Isa.Declarations;
using CoveJit.Isa.FloatingPoint;

namespace CoveJit.Isa.Extensions;

/// <summary>Single-precision floating point (Unprivileged, chapter "F").</summary>
/// <remarks>
/// A parameter of type uint holds an operand already taken out of its NaN box, one of type ulong the whole register; results of type uint are
/// NaN-boxed by the caller (Unprivileged, "NaN Boxing of Narrower Values").
/// </remarks>
public static class Rv64F
{
    /// <summary>Loads a word; the bits are not looked at. The register is NaN-boxed.</summary>
    [Load("flw", "imm[11:0] rs1 010 fd 0000111", Extension.F, Hot = true)]
    public static uint Flw(uint value) => value;

    /// <summary>Stores a word. It is the low word of the register whether NaN-boxed or not.</summary>
    [Store("fsw", "imm[11:5] fs2 rs1 010 imm[4:0] 0100111", Extension.F, Hot = true)]
    public static uint Fsw(ulong fs2) => (uint)fs2;

    /// <summary>(fs1 x fs2) + fs3, rounded once.</summary>
    [Instruction("fmadd.s", "fs3 00 fs2 fs1 rm fd 1000011", Extension.F, Hot = true)]
    public static uint FmaddS(uint fs1, uint fs2, uint fs3, ref FloatContext context) => Binary32.FusedMultiplyAdd(fs1, fs2, fs3, ref context);

    /// <summary>(fs1 x fs2) - fs3, rounded once.</summary>
    [Instruction("fmsub.s", "fs3 00 fs2 fs1 rm fd 1000111", Extension.F)]
    public static uint FmsubS(uint fs1, uint fs2, uint fs3, ref FloatContext context) => Binary32.FusedMultiplyAdd(fs1, fs2, Binary32.Negate(fs3), ref context);

    /// <summary>-(fs1 x fs2) + fs3, rounded once.</summary>
    [Instruction("fnmsub.s", "fs3 00 fs2 fs1 rm fd 1001011", Extension.F)]
    public static uint FnmsubS(uint fs1, uint fs2, uint fs3, ref FloatContext context) => Binary32.FusedMultiplyAdd(Binary32.Negate(fs1), fs2, fs3, ref context);

    /// <summary>-(fs1 x fs2) - fs3, rounded once.</summary>
    [Instruction("fnmadd.s", "fs3 00 fs2 fs1 rm fd 1001111", Extension.F)]
    public static uint FnmaddS(uint fs1, uint fs2, uint fs3, ref FloatContext context) => Binary32.FusedMultiplyAdd(Binary32.Negate(fs1), fs2, Binary32.Negate(fs3), ref context);

    /// <summary>Adds.</summary>
    [Instruction("fadd.s", "0000000 fs2 fs1 rm fd 1010011", Extension.F, Hot = true)]
    public static uint FaddS(uint fs1, uint fs2, ref FloatContext context) => Binary32.Add(fs1, fs2, ref context);

    /// <summary>Subtracts.</summary>
    [Instruction("fsub.s", "0000100 fs2 fs1 rm fd 1010011", Extension.F, Hot = true)]
    public static uint FsubS(uint fs1, uint fs2, ref FloatContext context) => Binary32.Subtract(fs1, fs2, ref context);

    /// <summary>Multiplies.</summary>
    [Instruction("fmul.s", "0001000 fs2 fs1 rm fd 1010011", Extension.F, Hot = true)]
    public static uint FmulS(uint fs1, uint fs2, ref FloatContext context) => Binary32.Multiply(fs1, fs2, ref context);

    /// <summary>Divides.</summary>
    [Instruction("fdiv.s", "0001100 fs2 fs1 rm fd 1010011", Extension.F)]
    public static uint FdivS(uint fs1, uint fs2, ref FloatContext context) => Binary32.Divide(fs1, fs2, ref context);

    /// <summary>Takes the square root.</summary>
    [Instruction("fsqrt.s", "0101100 00000 fs1 rm fd 1010011", Extension.F)]
    public static uint FsqrtS(uint fs1, ref FloatContext context) => Binary32.SquareRoot(fs1, ref context);

    /// <summary>fs1 with the sign of fs2.</summary>
    [Instruction("fsgnj.s", "0010000 fs2 fs1 000 fd 1010011", Extension.F)]
    public static uint FsgnjS(uint fs1, uint fs2) => Binary32.InjectSign(fs1, fs2);

    /// <summary>fs1 with the opposite of the sign of fs2.</summary>
    [Instruction("fsgnjn.s", "0010000 fs2 fs1 001 fd 1010011", Extension.F)]
    public static uint FsgnjnS(uint fs1, uint fs2) => Binary32.InjectNegatedSign(fs1, fs2);

    /// <summary>fs1 with the product of both signs.</summary>
    [Instruction("fsgnjx.s", "0010000 fs2 fs1 010 fd 1010011", Extension.F)]
    public static uint FsgnjxS(uint fs1, uint fs2) => Binary32.InjectSignProduct(fs1, fs2);

    /// <summary>The lesser number (IEEE 754-2019 minimumNumber).</summary>
    [Instruction("fmin.s", "0010100 fs2 fs1 000 fd 1010011", Extension.F)]
    public static uint FminS(uint fs1, uint fs2, ref FloatContext context) => Binary32.MinimumNumber(fs1, fs2, ref context);

    /// <summary>The greater number (IEEE 754-2019 maximumNumber).</summary>
    [Instruction("fmax.s", "0010100 fs2 fs1 001 fd 1010011", Extension.F)]
    public static uint FmaxS(uint fs1, uint fs2, ref FloatContext context) => Binary32.MaximumNumber(fs1, fs2, ref context);

    /// <summary>Whether equal; quiet.</summary>
    [Instruction("feq.s", "1010000 fs2 fs1 010 rd 1010011", Extension.F)]
    public static ulong FeqS(uint fs1, uint fs2, ref FloatContext context) => Binary32.Equal(fs1, fs2, ref context);

    /// <summary>Whether less; any NaN is invalid.</summary>
    [Instruction("flt.s", "1010000 fs2 fs1 001 rd 1010011", Extension.F)]
    public static ulong FltS(uint fs1, uint fs2, ref FloatContext context) => Binary32.Less(fs1, fs2, ref context);

    /// <summary>Whether less or equal; any NaN is invalid.</summary>
    [Instruction("fle.s", "1010000 fs2 fs1 000 rd 1010011", Extension.F)]
    public static ulong FleS(uint fs1, uint fs2, ref FloatContext context) => Binary32.LessOrEqual(fs1, fs2, ref context);

    /// <summary>Classifies: one bit of ten is set.</summary>
    [Instruction("fclass.s", "1110000 00000 fs1 001 rd 1010011", Extension.F)]
    public static ulong FclassS(uint fs1) => Binary32.Classify(fs1);

    /// <summary>Converts to a signed word.</summary>
    [Instruction("fcvt.w.s", "1100000 00000 fs1 rm rd 1010011", Extension.F)]
    public static ulong FcvtWS(uint fs1, ref FloatContext context) => Binary32.ToInt32(fs1, ref context);

    /// <summary>Converts to an unsigned word, sign-extended.</summary>
    [Instruction("fcvt.wu.s", "1100000 00001 fs1 rm rd 1010011", Extension.F)]
    public static ulong FcvtWuS(uint fs1, ref FloatContext context) => Binary32.ToUInt32(fs1, ref context);

    /// <summary>Converts to a signed doubleword.</summary>
    [Instruction("fcvt.l.s", "1100000 00010 fs1 rm rd 1010011", Extension.F)]
    public static ulong FcvtLS(uint fs1, ref FloatContext context) => Binary32.ToInt64(fs1, ref context);

    /// <summary>Converts to an unsigned doubleword.</summary>
    [Instruction("fcvt.lu.s", "1100000 00011 fs1 rm rd 1010011", Extension.F)]
    public static ulong FcvtLuS(uint fs1, ref FloatContext context) => Binary32.ToUInt64(fs1, ref context);

    /// <summary>Converts from a signed word.</summary>
    [Instruction("fcvt.s.w", "1101000 00000 rs1 rm fd 1010011", Extension.F)]
    public static uint FcvtSW(ulong rs1, ref FloatContext context) => Binary32.FromInt32(rs1, ref context);

    /// <summary>Converts from an unsigned word.</summary>
    [Instruction("fcvt.s.wu", "1101000 00001 rs1 rm fd 1010011", Extension.F)]
    public static uint FcvtSWu(ulong rs1, ref FloatContext context) => Binary32.FromUInt32(rs1, ref context);

    /// <summary>Converts from a signed doubleword.</summary>
    [Instruction("fcvt.s.l", "1101000 00010 rs1 rm fd 1010011", Extension.F)]
    public static uint FcvtSL(ulong rs1, ref FloatContext context) => Binary32.FromInt64(rs1, ref context);

    /// <summary>Converts from an unsigned doubleword.</summary>
    [Instruction("fcvt.s.lu", "1101000 00011 rs1 rm fd 1010011", Extension.F)]
    public static uint FcvtSLu(ulong rs1, ref FloatContext context) => Binary32.FromUInt64(rs1, ref context);

    /// <summary>Moves the low word of the register, NaN-boxed or not, to an integer register, sign-extended.</summary>
    [Instruction("fmv.x.w", "1110000 00000 fs1 000 rd 1010011", Extension.F, Hot = true)]
    public static ulong FmvXW(ulong fs1) => (ulong)(int)fs1;

    /// <summary>Moves a word from an integer register, NaN-boxing it.</summary>
    [Instruction("fmv.w.x", "1111000 00000 rs1 000 fd 1010011", Extension.F, Hot = true)]
    public static uint FmvWX(ulong rs1) => (uint)rs1;
}
