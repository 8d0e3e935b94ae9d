using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Integer multiplication and division (Unprivileged, chapter "M"): nothing traps; division by zero gives all ones, overflow the dividend.</summary>
public static class Rv64M
{
    /// <summary>Multiplies; the low half.</summary>
    [Instruction("mul", "0000001 rs2 rs1 000 rd 0110011", Extension.M, Hot = true)]
    public static ulong Mul(ulong rs1, ulong rs2) => rs1 * rs2;

    /// <summary>Multiplies signed by signed; the high half.</summary>
    [Instruction("mulh", "0000001 rs2 rs1 001 rd 0110011", Extension.M, Hot = true)]
    public static ulong Mulh(ulong rs1, ulong rs2) => (ulong)Math.BigMul((long)rs1, (long)rs2, out _);

    /// <summary>Multiplies signed by unsigned; the high half.</summary>
    [Instruction("mulhsu", "0000001 rs2 rs1 010 rd 0110011", Extension.M, Hot = true)]
    public static ulong Mulhsu(ulong rs1, ulong rs2) => Math.BigMul(rs1, rs2, out _) - ((long)rs1 < 0 ? rs2 : 0);

    /// <summary>Multiplies unsigned by unsigned; the high half.</summary>
    [Instruction("mulhu", "0000001 rs2 rs1 011 rd 0110011", Extension.M, Hot = true)]
    public static ulong Mulhu(ulong rs1, ulong rs2) => Math.BigMul(rs1, rs2, out _);

    /// <summary>Divides, signed, towards zero.</summary>
    [Instruction("div", "0000001 rs2 rs1 100 rd 0110011", Extension.M, Hot = true)]
    public static ulong Div(ulong rs1, ulong rs2)
    {
        // The host faults on the overflowing quotient, so a divisor of -1 is a negation.
        return rs2 switch
        {
            0 => ulong.MaxValue,
            ulong.MaxValue => 0 - rs1,
            _ => (ulong)((long)rs1 / (long)rs2),
        };
    }

    /// <summary>Divides, unsigned.</summary>
    [Instruction("divu", "0000001 rs2 rs1 101 rd 0110011", Extension.M, Hot = true)]
    public static ulong Divu(ulong rs1, ulong rs2) => rs2 == 0 ? ulong.MaxValue : rs1 / rs2;

    /// <summary>Remainder, signed, with the sign of the dividend.</summary>
    [Instruction("rem", "0000001 rs2 rs1 110 rd 0110011", Extension.M, Hot = true)]
    public static ulong Rem(ulong rs1, ulong rs2)
    {
        return rs2 switch
        {
            0 => rs1,
            ulong.MaxValue => 0,
            _ => (ulong)((long)rs1 % (long)rs2),
        };
    }

    /// <summary>Remainder, unsigned.</summary>
    [Instruction("remu", "0000001 rs2 rs1 111 rd 0110011", Extension.M, Hot = true)]
    public static ulong Remu(ulong rs1, ulong rs2) => rs2 == 0 ? rs1 : rs1 % rs2;

    /// <summary>Multiplies words; the result is sign-extended.</summary>
    [Instruction("mulw", "0000001 rs2 rs1 000 rd 0111011", Extension.M, Hot = true)]
    public static ulong Mulw(ulong rs1, ulong rs2) => (ulong)((int)rs1 * (int)rs2);

    /// <summary>Divides words, signed; the result is sign-extended.</summary>
    [Instruction("divw", "0000001 rs2 rs1 100 rd 0111011", Extension.M, Hot = true)]
    public static ulong Divw(ulong rs1, ulong rs2)
    {
        return (int)rs2 switch
        {
            0 => ulong.MaxValue,
            -1 => (ulong)-(int)rs1,
            int divisor => (ulong)((int)rs1 / divisor),
        };
    }

    /// <summary>Divides words, unsigned; the result is sign-extended.</summary>
    [Instruction("divuw", "0000001 rs2 rs1 101 rd 0111011", Extension.M, Hot = true)]
    public static ulong Divuw(ulong rs1, ulong rs2) => (uint)rs2 == 0 ? ulong.MaxValue : (ulong)(int)((uint)rs1 / (uint)rs2);

    /// <summary>Remainder of words, signed; the result is sign-extended.</summary>
    [Instruction("remw", "0000001 rs2 rs1 110 rd 0111011", Extension.M, Hot = true)]
    public static ulong Remw(ulong rs1, ulong rs2)
    {
        return (int)rs2 switch
        {
            0 => (ulong)(int)rs1,
            -1 => 0,
            int divisor => (ulong)((int)rs1 % divisor),
        };
    }

    /// <summary>Remainder of words, unsigned; the result is sign-extended.</summary>
    [Instruction("remuw", "0000001 rs2 rs1 111 rd 0111011", Extension.M, Hot = true)]
    public static ulong Remuw(ulong rs1, ulong rs2) => (ulong)(int)((uint)rs2 == 0 ? (uint)rs1 : (uint)rs1 % (uint)rs2);
}
