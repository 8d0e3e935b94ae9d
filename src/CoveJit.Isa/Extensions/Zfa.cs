using CoveJit.Isa.Declarations;
using CoveJit.Isa.FloatingPoint;

namespace CoveJit.Isa.Extensions;

/// <summary>Additional floating-point instructions (Unprivileged, chapter "Zfa"). FLI.H needs Zfh; FMVH.X.D and FMVP.D.X are for RV32.</summary>
public static class Zfa
{
    /// <summary>Loads one of 32 constants.</summary>
    [Instruction("fli.s", "1111000 00001 uimm[4:0] 000 fd 1010011", Extension.Zfa)]
    public static uint FliS(ulong uimm) => LoadableConstants.GetBinary32((int)uimm);

    /// <summary>The lesser operand, or NaN if one is NaN (IEEE 754-2019 minimum).</summary>
    [Instruction("fminm.s", "0010100 fs2 fs1 010 fd 1010011", Extension.Zfa)]
    public static uint FminmS(uint fs1, uint fs2, ref FloatContext context) => Binary32.Minimum(fs1, fs2, ref context);

    /// <summary>The greater operand, or NaN if one is NaN (IEEE 754-2019 maximum).</summary>
    [Instruction("fmaxm.s", "0010100 fs2 fs1 011 fd 1010011", Extension.Zfa)]
    public static uint FmaxmS(uint fs1, uint fs2, ref FloatContext context) => Binary32.Maximum(fs1, fs2, ref context);

    /// <summary>Rounds to an integral value; never inexact.</summary>
    [Instruction("fround.s", "0100000 00100 fs1 rm fd 1010011", Extension.Zfa)]
    public static uint FroundS(uint fs1, ref FloatContext context) => Binary32.RoundToIntegral(fs1, signalInexact: false, ref context);

    /// <summary>Rounds to an integral value, raising NX if that changes it.</summary>
    [Instruction("froundnx.s", "0100000 00101 fs1 rm fd 1010011", Extension.Zfa)]
    public static uint FroundnxS(uint fs1, ref FloatContext context) => Binary32.RoundToIntegral(fs1, signalInexact: true, ref context);

    /// <summary>Whether less or equal; quiet NaNs raise nothing.</summary>
    [Instruction("fleq.s", "1010000 fs2 fs1 100 rd 1010011", Extension.Zfa)]
    public static ulong FleqS(uint fs1, uint fs2, ref FloatContext context) => Binary32.LessOrEqualQuiet(fs1, fs2, ref context);

    /// <summary>Whether less; quiet NaNs raise nothing.</summary>
    [Instruction("fltq.s", "1010000 fs2 fs1 101 rd 1010011", Extension.Zfa)]
    public static ulong FltqS(uint fs1, uint fs2, ref FloatContext context) => Binary32.LessQuiet(fs1, fs2, ref context);

    /// <summary>Loads one of 32 constants.</summary>
    [Instruction("fli.d", "1111001 00001 uimm[4:0] 000 fd 1010011", Extension.Zfa)]
    public static ulong FliD(ulong uimm) => LoadableConstants.GetBinary64((int)uimm);

    /// <summary>The lesser operand, or NaN if one is NaN (IEEE 754-2019 minimum).</summary>
    [Instruction("fminm.d", "0010101 fs2 fs1 010 fd 1010011", Extension.Zfa)]
    public static ulong FminmD(ulong fs1, ulong fs2, ref FloatContext context) => Binary64.Minimum(fs1, fs2, ref context);

    /// <summary>The greater operand, or NaN if one is NaN (IEEE 754-2019 maximum).</summary>
    [Instruction("fmaxm.d", "0010101 fs2 fs1 011 fd 1010011", Extension.Zfa)]
    public static ulong FmaxmD(ulong fs1, ulong fs2, ref FloatContext context) => Binary64.Maximum(fs1, fs2, ref context);

    /// <summary>Rounds to an integral value; never inexact.</summary>
    [Instruction("fround.d", "0100001 00100 fs1 rm fd 1010011", Extension.Zfa)]
    public static ulong FroundD(ulong fs1, ref FloatContext context) => Binary64.RoundToIntegral(fs1, signalInexact: false, ref context);

    /// <summary>Rounds to an integral value, raising NX if that changes it.</summary>
    [Instruction("froundnx.d", "0100001 00101 fs1 rm fd 1010011", Extension.Zfa)]
    public static ulong FroundnxD(ulong fs1, ref FloatContext context) => Binary64.RoundToIntegral(fs1, signalInexact: true, ref context);

    /// <summary>Converts to a signed word modulo 2^32. The rm field is always RTZ.</summary>
    [Instruction("fcvtmod.w.d", "1100001 01000 fs1 001 rd 1010011", Extension.Zfa, Operands = "{rd}, {fs1}, rtz")]
    public static ulong FcvtmodWD(ulong fs1, ref FloatContext context) => Binary64.ToInt32Modular(fs1, ref context);

    /// <summary>Whether less or equal; quiet NaNs raise nothing.</summary>
    [Instruction("fleq.d", "1010001 fs2 fs1 100 rd 1010011", Extension.Zfa)]
    public static ulong FleqD(ulong fs1, ulong fs2, ref FloatContext context) => Binary64.LessOrEqualQuiet(fs1, fs2, ref context);

    /// <summary>Whether less; quiet NaNs raise nothing.</summary>
    [Instruction("fltq.d", "1010001 fs2 fs1 101 rd 1010011", Extension.Zfa)]
    public static ulong FltqD(ulong fs1, ulong fs2, ref FloatContext context) => Binary64.LessQuiet(fs1, fs2, ref context);
}
