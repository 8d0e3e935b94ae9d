using CoveJit.Isa.Declarations;
using CoveJit.Isa.FloatingPoint;

namespace CoveJit.Isa.Extensions;

/// <summary>Double-precision floating point (Unprivileged, chapter "D").</summary>
public static class Rv64D
{
    /// <summary>Loads a doubleword; the bits are not looked at.</summary>
    [Load("fld", "imm[11:0] rs1 011 fd 0000111", Extension.D, Hot = true)]
    public static ulong Fld(ulong value) => value;

    /// <summary>Stores a doubleword.</summary>
    [Store("fsd", "imm[11:5] fs2 rs1 011 imm[4:0] 0100111", Extension.D, Hot = true)]
    public static ulong Fsd(ulong fs2) => fs2;

    /// <summary>(fs1 x fs2) + fs3, rounded once.</summary>
    [Instruction("fmadd.d", "fs3 01 fs2 fs1 rm fd 1000011", Extension.D, Hot = true)]
    public static ulong FmaddD(ulong fs1, ulong fs2, ulong fs3, ref FloatContext context) => Binary64.FusedMultiplyAdd(fs1, fs2, fs3, ref context);

    /// <summary>(fs1 x fs2) - fs3, rounded once.</summary>
    [Instruction("fmsub.d", "fs3 01 fs2 fs1 rm fd 1000111", Extension.D)]
    public static ulong FmsubD(ulong fs1, ulong fs2, ulong fs3, ref FloatContext context) => Binary64.FusedMultiplyAdd(fs1, fs2, Binary64.Negate(fs3), ref context);

    /// <summary>-(fs1 x fs2) + fs3, rounded once.</summary>
    [Instruction("fnmsub.d", "fs3 01 fs2 fs1 rm fd 1001011", Extension.D)]
    public static ulong FnmsubD(ulong fs1, ulong fs2, ulong fs3, ref FloatContext context) => Binary64.FusedMultiplyAdd(Binary64.Negate(fs1), fs2, fs3, ref context);

    /// <summary>-(fs1 x fs2) - fs3, rounded once.</summary>
    [Instruction("fnmadd.d", "fs3 01 fs2 fs1 rm fd 1001111", Extension.D)]
    public static ulong FnmaddD(ulong fs1, ulong fs2, ulong fs3, ref FloatContext context) => Binary64.FusedMultiplyAdd(Binary64.Negate(fs1), fs2, Binary64.Negate(fs3), ref context);

    /// <summary>Adds.</summary>
    [Instruction("fadd.d", "0000001 fs2 fs1 rm fd 1010011", Extension.D, Hot = true)]
    public static ulong FaddD(ulong fs1, ulong fs2, ref FloatContext context) => Binary64.Add(fs1, fs2, ref context);

    /// <summary>Subtracts.</summary>
    [Instruction("fsub.d", "0000101 fs2 fs1 rm fd 1010011", Extension.D, Hot = true)]
    public static ulong FsubD(ulong fs1, ulong fs2, ref FloatContext context) => Binary64.Subtract(fs1, fs2, ref context);

    /// <summary>Multiplies.</summary>
    [Instruction("fmul.d", "0001001 fs2 fs1 rm fd 1010011", Extension.D, Hot = true)]
    public static ulong FmulD(ulong fs1, ulong fs2, ref FloatContext context) => Binary64.Multiply(fs1, fs2, ref context);

    /// <summary>Divides.</summary>
    [Instruction("fdiv.d", "0001101 fs2 fs1 rm fd 1010011", Extension.D)]
    public static ulong FdivD(ulong fs1, ulong fs2, ref FloatContext context) => Binary64.Divide(fs1, fs2, ref context);

    /// <summary>Takes the square root.</summary>
    [Instruction("fsqrt.d", "0101101 00000 fs1 rm fd 1010011", Extension.D)]
    public static ulong FsqrtD(ulong fs1, ref FloatContext context) => Binary64.SquareRoot(fs1, ref context);

    /// <summary>fs1 with the sign of fs2.</summary>
    [Instruction("fsgnj.d", "0010001 fs2 fs1 000 fd 1010011", Extension.D)]
    public static ulong FsgnjD(ulong fs1, ulong fs2) => Binary64.InjectSign(fs1, fs2);

    /// <summary>fs1 with the opposite of the sign of fs2.</summary>
    [Instruction("fsgnjn.d", "0010001 fs2 fs1 001 fd 1010011", Extension.D)]
    public static ulong FsgnjnD(ulong fs1, ulong fs2) => Binary64.InjectNegatedSign(fs1, fs2);

    /// <summary>fs1 with the product of both signs.</summary>
    [Instruction("fsgnjx.d", "0010001 fs2 fs1 010 fd 1010011", Extension.D)]
    public static ulong FsgnjxD(ulong fs1, ulong fs2) => Binary64.InjectSignProduct(fs1, fs2);

    /// <summary>The lesser number (IEEE 754-2019 minimumNumber).</summary>
    [Instruction("fmin.d", "0010101 fs2 fs1 000 fd 1010011", Extension.D)]
    public static ulong FminD(ulong fs1, ulong fs2, ref FloatContext context) => Binary64.MinimumNumber(fs1, fs2, ref context);

    /// <summary>The greater number (IEEE 754-2019 maximumNumber).</summary>
    [Instruction("fmax.d", "0010101 fs2 fs1 001 fd 1010011", Extension.D)]
    public static ulong FmaxD(ulong fs1, ulong fs2, ref FloatContext context) => Binary64.MaximumNumber(fs1, fs2, ref context);

    /// <summary>Converts to single precision.</summary>
    [Instruction("fcvt.s.d", "0100000 00001 fs1 rm fd 1010011", Extension.D)]
    public static uint FcvtSD(ulong fs1, ref FloatContext context) => Binary32.FromBinary64(fs1, ref context);

    /// <summary>Converts from single precision: exact.</summary>
    [Instruction("fcvt.d.s", "0100001 00000 fs1 rm fd 1010011", Extension.D)]
    public static ulong FcvtDS(uint fs1, ref FloatContext context) => Binary64.FromBinary32(fs1, ref context);

    /// <summary>Whether equal; quiet.</summary>
    [Instruction("feq.d", "1010001 fs2 fs1 010 rd 1010011", Extension.D)]
    public static ulong FeqD(ulong fs1, ulong fs2, ref FloatContext context) => Binary64.Equal(fs1, fs2, ref context);

    /// <summary>Whether less; any NaN is invalid.</summary>
    [Instruction("flt.d", "1010001 fs2 fs1 001 rd 1010011", Extension.D)]
    public static ulong FltD(ulong fs1, ulong fs2, ref FloatContext context) => Binary64.Less(fs1, fs2, ref context);

    /// <summary>Whether less or equal; any NaN is invalid.</summary>
    [Instruction("fle.d", "1010001 fs2 fs1 000 rd 1010011", Extension.D)]
    public static ulong FleD(ulong fs1, ulong fs2, ref FloatContext context) => Binary64.LessOrEqual(fs1, fs2, ref context);

    /// <summary>Classifies: one bit of ten is set.</summary>
    [Instruction("fclass.d", "1110001 00000 fs1 001 rd 1010011", Extension.D)]
    public static ulong FclassD(ulong fs1) => Binary64.Classify(fs1);

    /// <summary>Converts to a signed word.</summary>
    [Instruction("fcvt.w.d", "1100001 00000 fs1 rm rd 1010011", Extension.D)]
    public static ulong FcvtWD(ulong fs1, ref FloatContext context) => Binary64.ToInt32(fs1, ref context);

    /// <summary>Converts to an unsigned word, sign-extended.</summary>
    [Instruction("fcvt.wu.d", "1100001 00001 fs1 rm rd 1010011", Extension.D)]
    public static ulong FcvtWuD(ulong fs1, ref FloatContext context) => Binary64.ToUInt32(fs1, ref context);

    /// <summary>Converts to a signed doubleword.</summary>
    [Instruction("fcvt.l.d", "1100001 00010 fs1 rm rd 1010011", Extension.D)]
    public static ulong FcvtLD(ulong fs1, ref FloatContext context) => Binary64.ToInt64(fs1, ref context);

    /// <summary>Converts to an unsigned doubleword.</summary>
    [Instruction("fcvt.lu.d", "1100001 00011 fs1 rm rd 1010011", Extension.D)]
    public static ulong FcvtLuD(ulong fs1, ref FloatContext context) => Binary64.ToUInt64(fs1, ref context);

    /// <summary>Converts from a signed word: exact.</summary>
    [Instruction("fcvt.d.w", "1101001 00000 rs1 rm fd 1010011", Extension.D)]
    public static ulong FcvtDW(ulong rs1) => Binary64.FromInt32(rs1);

    /// <summary>Converts from an unsigned word: exact.</summary>
    [Instruction("fcvt.d.wu", "1101001 00001 rs1 rm fd 1010011", Extension.D)]
    public static ulong FcvtDWu(ulong rs1) => Binary64.FromUInt32(rs1);

    /// <summary>Converts from a signed doubleword.</summary>
    [Instruction("fcvt.d.l", "1101001 00010 rs1 rm fd 1010011", Extension.D)]
    public static ulong FcvtDL(ulong rs1, ref FloatContext context) => Binary64.FromInt64(rs1, ref context);

    /// <summary>Converts from an unsigned doubleword.</summary>
    [Instruction("fcvt.d.lu", "1101001 00011 rs1 rm fd 1010011", Extension.D)]
    public static ulong FcvtDLu(ulong rs1, ref FloatContext context) => Binary64.FromUInt64(rs1, ref context);

    /// <summary>Moves the bits to an integer register.</summary>
    [Instruction("fmv.x.d", "1110001 00000 fs1 000 rd 1010011", Extension.D, Hot = true)]
    public static ulong FmvXD(ulong fs1) => fs1;

    /// <summary>Moves the bits from an integer register.</summary>
    [Instruction("fmv.d.x", "1111001 00000 rs1 000 fd 1010011", Extension.D, Hot = true)]
    public static ulong FmvDX(ulong rs1) => rs1;
}
