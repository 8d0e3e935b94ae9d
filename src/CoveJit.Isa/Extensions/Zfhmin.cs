using CoveJit.Isa.Declarations;
using CoveJit.Isa.FloatingPoint;

namespace CoveJit.Isa.Extensions;

/// <summary>Minimal half-precision floating point: moves and conversions (Unprivileged, chapter "Zfh and Zfhmin").</summary>
public static class Zfhmin
{
    /// <summary>Loads a halfword, NaN-boxing it.</summary>
    [Load("flh", "imm[11:0] rs1 001 fd 0000111", Extension.Zfhmin)]
    public static ushort Flh(ushort value) => value;

    /// <summary>Stores the low halfword of the register, NaN-boxed or not.</summary>
    [Store("fsh", "imm[11:5] fs2 rs1 001 imm[4:0] 0100111", Extension.Zfhmin)]
    public static ushort Fsh(ulong fs2) => (ushort)fs2;

    /// <summary>Moves the low halfword of the register, NaN-boxed or not, to an integer register, sign-extended.</summary>
    [Instruction("fmv.x.h", "1110010 00000 fs1 000 rd 1010011", Extension.Zfhmin)]
    public static ulong FmvXH(ulong fs1) => (ulong)(short)fs1;

    /// <summary>Moves a halfword from an integer register, NaN-boxing it.</summary>
    [Instruction("fmv.h.x", "1111010 00000 rs1 000 fd 1010011", Extension.Zfhmin)]
    public static ushort FmvHX(ulong rs1) => (ushort)rs1;

    /// <summary>Converts half to single precision: exact.</summary>
    [Instruction("fcvt.s.h", "0100000 00010 fs1 rm fd 1010011", Extension.Zfhmin)]
    public static uint FcvtSH(ushort fs1, ref FloatContext context) => Binary32.FromBinary16(fs1, ref context);

    /// <summary>Converts single to half precision.</summary>
    [Instruction("fcvt.h.s", "0100010 00000 fs1 rm fd 1010011", Extension.Zfhmin)]
    public static ushort FcvtHS(uint fs1, ref FloatContext context) => Binary16.FromBinary32(fs1, ref context);

    /// <summary>Converts half to double precision: exact.</summary>
    [Instruction("fcvt.d.h", "0100001 00010 fs1 rm fd 1010011", Extension.Zfhmin)]
    public static ulong FcvtDH(ushort fs1, ref FloatContext context) => Binary64.FromBinary16(fs1, ref context);

    /// <summary>Converts double to half precision.</summary>
    [Instruction("fcvt.h.d", "0100010 00001 fs1 rm fd 1010011", Extension.Zfhmin)]
    public static ushort FcvtHD(ulong fs1, ref FloatContext context) => Binary16.FromBinary64(fs1, ref context);
}
