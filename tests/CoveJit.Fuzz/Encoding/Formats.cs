namespace CoveJit.Fuzz.Encoding;

/// <summary>
/// Bit layouts of the 32-bit instruction formats (unprivileged spec, "Base Instruction Formats").
/// Written apart from CoveJit.Isa on purpose: a mistake there must not be repeated here.
/// </summary>
public static class Formats
{
    public static uint R(uint opcode, uint funct3, uint funct7, int rd, int rs1, int rs2) =>
        opcode | ((uint)rd << 7) | (funct3 << 12) | ((uint)rs1 << 15) | ((uint)rs2 << 20) | (funct7 << 25);

    public static uint R4(uint opcode, uint rm, uint format, int rd, int rs1, int rs2, int rs3) =>
        R(opcode, rm, format, rd, rs1, rs2) | ((uint)rs3 << 27);

    public static uint I(uint opcode, uint funct3, int rd, int rs1, int immediate) =>
        opcode | ((uint)rd << 7) | (funct3 << 12) | ((uint)rs1 << 15) | ((uint)immediate << 20);

    public static uint S(uint opcode, uint funct3, int rs1, int rs2, int immediate) =>
        opcode | (((uint)immediate & 0x1F) << 7) | (funct3 << 12) | ((uint)rs1 << 15) | ((uint)rs2 << 20)
        | ((((uint)immediate >> 5) & 0x7F) << 25);

    public static uint U(uint opcode, int rd, int upper20) => opcode | ((uint)rd << 7) | ((uint)upper20 << 12);

    public static uint B(uint funct3, int rs1, int rs2, int offset) =>
        R(0x63, funct3, 0, 0, rs1, rs2) | BranchOffset(offset);

    public static uint J(int rd, int offset) => 0x6Fu | ((uint)rd << 7) | JumpOffset(offset);

    /// <summary>The scattered offset of a conditional branch, to be ORed into the word.</summary>
    public static uint BranchOffset(int offset)
    {
        Check(offset, 13);
        uint o = (uint)offset;
        return (((o >> 12) & 1) << 31) | (((o >> 5) & 0x3F) << 25) | (((o >> 1) & 0xF) << 8) | (((o >> 11) & 1) << 7);
    }

    /// <summary>The scattered offset of <c>jal</c>.</summary>
    public static uint JumpOffset(int offset)
    {
        Check(offset, 21);
        uint o = (uint)offset;
        return (((o >> 20) & 1) << 31) | (((o >> 1) & 0x3FF) << 21) | (((o >> 11) & 1) << 20) | (((o >> 12) & 0xFF) << 12);
    }

    internal static void Check(int offset, int bits)
    {
        if ((offset & 1) != 0 || offset < -(1 << (bits - 1)) || offset >= 1 << (bits - 1))
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, "The jump offset does not fit its field.");
        }
    }
}
