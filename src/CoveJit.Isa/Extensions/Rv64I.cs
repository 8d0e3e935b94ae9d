using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>RV64I base integer instruction set (Unprivileged, chapters "RV32I" and "RV64I").</summary>
public static class Rv64I
{
    /// <summary>Adds, ignoring overflow.</summary>
    [Instruction("add", "0000000 rs2 rs1 000 rd 0110011", Extension.I, Hot = true)]
    public static ulong Add(ulong rs1, ulong rs2) => rs1 + rs2;

    /// <summary>Loads a sign-extended word.</summary>
    [Load("lw", "imm[11:0] rs1 010 rd 0000011", Extension.I, Hot = true)]
    public static ulong Lw(int value) => (ulong)value;

    /// <summary>Stores a word.</summary>
    [Store("sw", "imm[11:5] rs2 rs1 010 imm[4:0] 0100011", Extension.I, Hot = true)]
    public static uint Sw(ulong rs2) => (uint)rs2;

    /// <summary>Branches if equal.</summary>
    [Branch("beq", "imm[12|10:5] rs2 rs1 000 imm[4:1|11] 1100011", Extension.I, Hot = true)]
    public static bool Beq(ulong rs1, ulong rs2) => rs1 == rs2;

    /// <summary>Jumps to a pc-relative target.</summary>
    [Jump("jal", "imm[20|10:1|11|19:12] rd 1101111", Extension.I, Hot = true)]
    public static ulong Jal(ulong pc, long imm) => pc + (ulong)imm;
}
