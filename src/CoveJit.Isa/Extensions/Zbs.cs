using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Single-bit instructions (Unprivileged, chapter "B", Zbs).</summary>
public static class Zbs
{
    /// <summary>Clears a bit.</summary>
    [Instruction("bclr", "0100100 rs2 rs1 001 rd 0110011", Extension.Zbs, Hot = true)]
    public static ulong Bclr(ulong rs1, ulong rs2) => rs1 & ~(1UL << (int)(rs2 & 63));

    /// <summary>Clears a bit named by an immediate.</summary>
    [Instruction("bclri", "010010 shamt[5:0] rs1 001 rd 0010011", Extension.Zbs, Hot = true)]
    public static ulong Bclri(ulong rs1, int shamt) => rs1 & ~(1UL << shamt);

    /// <summary>Extracts a bit.</summary>
    [Instruction("bext", "0100100 rs2 rs1 101 rd 0110011", Extension.Zbs, Hot = true)]
    public static ulong Bext(ulong rs1, ulong rs2) => (rs1 >> (int)(rs2 & 63)) & 1;

    /// <summary>Extracts a bit named by an immediate.</summary>
    [Instruction("bexti", "010010 shamt[5:0] rs1 101 rd 0010011", Extension.Zbs, Hot = true)]
    public static ulong Bexti(ulong rs1, int shamt) => (rs1 >> shamt) & 1;

    /// <summary>Inverts a bit.</summary>
    [Instruction("binv", "0110100 rs2 rs1 001 rd 0110011", Extension.Zbs, Hot = true)]
    public static ulong Binv(ulong rs1, ulong rs2) => rs1 ^ (1UL << (int)(rs2 & 63));

    /// <summary>Inverts a bit named by an immediate.</summary>
    [Instruction("binvi", "011010 shamt[5:0] rs1 001 rd 0010011", Extension.Zbs, Hot = true)]
    public static ulong Binvi(ulong rs1, int shamt) => rs1 ^ (1UL << shamt);

    /// <summary>Sets a bit.</summary>
    [Instruction("bset", "0010100 rs2 rs1 001 rd 0110011", Extension.Zbs, Hot = true)]
    public static ulong Bset(ulong rs1, ulong rs2) => rs1 | (1UL << (int)(rs2 & 63));

    /// <summary>Sets a bit named by an immediate.</summary>
    [Instruction("bseti", "001010 shamt[5:0] rs1 001 rd 0010011", Extension.Zbs, Hot = true)]
    public static ulong Bseti(ulong rs1, int shamt) => rs1 | (1UL << shamt);
}
