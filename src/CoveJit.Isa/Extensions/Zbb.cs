using System.Buffers.Binary;
using System.Numerics;
using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Basic bit manipulation (Unprivileged, chapter "B", Zbb).</summary>
public static class Zbb
{
    /// <summary>And with the complement.</summary>
    [Instruction("andn", "0100000 rs2 rs1 111 rd 0110011", Extension.Zbb, Alternative = Extension.Zbkb, Hot = true)]
    public static ulong Andn(ulong rs1, ulong rs2) => rs1 & ~rs2;

    /// <summary>Or with the complement.</summary>
    [Instruction("orn", "0100000 rs2 rs1 110 rd 0110011", Extension.Zbb, Alternative = Extension.Zbkb, Hot = true)]
    public static ulong Orn(ulong rs1, ulong rs2) => rs1 | ~rs2;

    /// <summary>Complement of exclusive or.</summary>
    [Instruction("xnor", "0100000 rs2 rs1 100 rd 0110011", Extension.Zbb, Alternative = Extension.Zbkb, Hot = true)]
    public static ulong Xnor(ulong rs1, ulong rs2) => ~(rs1 ^ rs2);

    /// <summary>Counts leading zeros.</summary>
    [Instruction("clz", "011000000000 rs1 001 rd 0010011", Extension.Zbb, Hot = true)]
    public static ulong Clz(ulong rs1) => (ulong)BitOperations.LeadingZeroCount(rs1);

    /// <summary>Counts trailing zeros.</summary>
    [Instruction("ctz", "011000000001 rs1 001 rd 0010011", Extension.Zbb, Hot = true)]
    public static ulong Ctz(ulong rs1) => (ulong)BitOperations.TrailingZeroCount(rs1);

    /// <summary>Counts set bits.</summary>
    [Instruction("cpop", "011000000010 rs1 001 rd 0010011", Extension.Zbb, Hot = true)]
    public static ulong Cpop(ulong rs1) => (ulong)BitOperations.PopCount(rs1);

    /// <summary>Counts leading zeros of a word.</summary>
    [Instruction("clzw", "011000000000 rs1 001 rd 0011011", Extension.Zbb)]
    public static ulong Clzw(ulong rs1) => (ulong)BitOperations.LeadingZeroCount((uint)rs1);

    /// <summary>Counts trailing zeros of a word.</summary>
    [Instruction("ctzw", "011000000001 rs1 001 rd 0011011", Extension.Zbb)]
    public static ulong Ctzw(ulong rs1) => (ulong)BitOperations.TrailingZeroCount((uint)rs1);

    /// <summary>Counts set bits of a word.</summary>
    [Instruction("cpopw", "011000000010 rs1 001 rd 0011011", Extension.Zbb)]
    public static ulong Cpopw(ulong rs1) => (ulong)BitOperations.PopCount((uint)rs1);

    /// <summary>Maximum, signed.</summary>
    [Instruction("max", "0000101 rs2 rs1 110 rd 0110011", Extension.Zbb, Hot = true)]
    public static ulong Max(ulong rs1, ulong rs2) => (ulong)Math.Max((long)rs1, (long)rs2);

    /// <summary>Maximum, unsigned.</summary>
    [Instruction("maxu", "0000101 rs2 rs1 111 rd 0110011", Extension.Zbb, Hot = true)]
    public static ulong Maxu(ulong rs1, ulong rs2) => Math.Max(rs1, rs2);

    /// <summary>Minimum, signed.</summary>
    [Instruction("min", "0000101 rs2 rs1 100 rd 0110011", Extension.Zbb, Hot = true)]
    public static ulong Min(ulong rs1, ulong rs2) => (ulong)Math.Min((long)rs1, (long)rs2);

    /// <summary>Minimum, unsigned.</summary>
    [Instruction("minu", "0000101 rs2 rs1 101 rd 0110011", Extension.Zbb, Hot = true)]
    public static ulong Minu(ulong rs1, ulong rs2) => Math.Min(rs1, rs2);

    /// <summary>Sign-extends a byte.</summary>
    [Instruction("sext.b", "011000000100 rs1 001 rd 0010011", Extension.Zbb, Hot = true)]
    public static ulong SextB(ulong rs1) => (ulong)(sbyte)rs1;

    /// <summary>Sign-extends a halfword.</summary>
    [Instruction("sext.h", "011000000101 rs1 001 rd 0010011", Extension.Zbb, Hot = true)]
    public static ulong SextH(ulong rs1) => (ulong)(short)rs1;

    /// <summary>Zero-extends a halfword; PACKW with x0 where only Zbkb is present.</summary>
    [Instruction("zext.h", "000010000000 rs1 100 rd 0111011", Extension.Zbb, Hot = true)]
    public static ulong ZextH(ulong rs1) => (ushort)rs1;

    /// <summary>Rotates left.</summary>
    [Instruction("rol", "0110000 rs2 rs1 001 rd 0110011", Extension.Zbb, Alternative = Extension.Zbkb, Hot = true)]
    public static ulong Rol(ulong rs1, ulong rs2) => BitOperations.RotateLeft(rs1, (int)rs2);

    /// <summary>Rotates right.</summary>
    [Instruction("ror", "0110000 rs2 rs1 101 rd 0110011", Extension.Zbb, Alternative = Extension.Zbkb, Hot = true)]
    public static ulong Ror(ulong rs1, ulong rs2) => BitOperations.RotateRight(rs1, (int)rs2);

    /// <summary>Rotates right by an immediate.</summary>
    [Instruction("rori", "011000 shamt[5:0] rs1 101 rd 0010011", Extension.Zbb, Alternative = Extension.Zbkb, Hot = true)]
    public static ulong Rori(ulong rs1, int shamt) => BitOperations.RotateRight(rs1, shamt);

    /// <summary>Rotates a word left; the result is sign-extended.</summary>
    [Instruction("rolw", "0110000 rs2 rs1 001 rd 0111011", Extension.Zbb, Alternative = Extension.Zbkb)]
    public static ulong Rolw(ulong rs1, ulong rs2) => (ulong)(int)BitOperations.RotateLeft((uint)rs1, (int)rs2);

    /// <summary>Rotates a word right; the result is sign-extended.</summary>
    [Instruction("rorw", "0110000 rs2 rs1 101 rd 0111011", Extension.Zbb, Alternative = Extension.Zbkb)]
    public static ulong Rorw(ulong rs1, ulong rs2) => (ulong)(int)BitOperations.RotateRight((uint)rs1, (int)rs2);

    /// <summary>Rotates a word right by an immediate; the result is sign-extended.</summary>
    [Instruction("roriw", "0110000 shamt[4:0] rs1 101 rd 0011011", Extension.Zbb, Alternative = Extension.Zbkb)]
    public static ulong Roriw(ulong rs1, int shamt) => (ulong)(int)BitOperations.RotateRight((uint)rs1, shamt);

    /// <summary>Sets every byte that is not zero to all ones.</summary>
    [Instruction("orc.b", "001010000111 rs1 101 rd 0010011", Extension.Zbb, Hot = true)]
    public static ulong OrcB(ulong rs1)
    {
        // Adding 7F carries into bit 7 of every byte whose low bits are not all zero.
        const ulong LowBits = 0x7F7F7F7F7F7F7F7F;
        ulong marks = (((rs1 & LowBits) + LowBits) | rs1) & ~LowBits;
        return (marks >> 7) * 0xFF;
    }

    /// <summary>Reverses the bytes.</summary>
    [Instruction("rev8", "011010111000 rs1 101 rd 0010011", Extension.Zbb, Alternative = Extension.Zbkb, Hot = true)]
    public static ulong Rev8(ulong rs1) => BinaryPrimitives.ReverseEndianness(rs1);
}
