namespace CoveJit.Fuzz.Encoding;

/// <summary>Bit layouts of the 16-bit formats (unprivileged spec, "C" extension). Three-bit registers are x8..x15.</summary>
public static class Compressed
{
    /// <summary>CR: <c>c.mv</c>, <c>c.add</c>, <c>c.jr</c>, <c>c.jalr</c>, <c>c.ebreak</c>.</summary>
    public static uint Cr(uint funct4, int rd, int rs2) => 2 | ((uint)rs2 << 2) | ((uint)rd << 7) | (funct4 << 12);

    /// <summary>CI with a plain six-bit immediate.</summary>
    public static uint Ci(uint quadrant, uint funct3, int rd, int immediate) =>
        quadrant | (((uint)immediate & 0x1F) << 2) | ((uint)rd << 7) | ((((uint)immediate >> 5) & 1) << 12) | (funct3 << 13);

    /// <summary>CI load from the stack, four-byte scaled offset (0..252).</summary>
    public static uint CiLoad4(uint funct3, int rd, int offset) =>
        Ci(2, funct3, rd, (Bits(offset, 5, 5) << 5) | (Bits(offset, 4, 2) << 2) | Bits(offset, 7, 6));

    /// <summary>CI load from the stack, eight-byte scaled offset (0..504).</summary>
    public static uint CiLoad8(uint funct3, int rd, int offset) =>
        Ci(2, funct3, rd, (Bits(offset, 5, 5) << 5) | (Bits(offset, 4, 3) << 3) | Bits(offset, 8, 6));

    /// <summary>CSS store to the stack, four-byte scaled offset.</summary>
    public static uint Css4(uint funct3, int rs2, int offset) => Css(funct3, rs2, (Bits(offset, 5, 2) << 2) | Bits(offset, 7, 6));

    /// <summary>CSS store to the stack, eight-byte scaled offset.</summary>
    public static uint Css8(uint funct3, int rs2, int offset) => Css(funct3, rs2, (Bits(offset, 5, 3) << 3) | Bits(offset, 8, 6));

    /// <summary><c>c.addi16sp</c>: a multiple of 16 in -512..496.</summary>
    public static uint Addi16Sp(int immediate) =>
        Ci(1, 3, 2, (Bits(immediate, 9, 9) << 5) | (Bits(immediate, 4, 4) << 4) | (Bits(immediate, 6, 6) << 3)
            | (Bits(immediate, 8, 7) << 1) | Bits(immediate, 5, 5));

    /// <summary><c>c.addi4spn</c>: a multiple of 4 in 4..1020.</summary>
    public static uint Addi4Spn(int rd, int immediate) =>
        ((uint)(rd - 8) << 2)
        | (uint)((Bits(immediate, 5, 4) << 11) | (Bits(immediate, 9, 6) << 7) | (Bits(immediate, 2, 2) << 6) | (Bits(immediate, 3, 3) << 5));

    /// <summary>CL/CS with four-byte scaled offset (0..124); <paramref name="data"/> is rd' or rs2'.</summary>
    public static uint Memory4(uint funct3, int data, int rs1, int offset) =>
        Memory(funct3, data, rs1) | (uint)((Bits(offset, 5, 3) << 10) | (Bits(offset, 2, 2) << 6) | (Bits(offset, 6, 6) << 5));

    /// <summary>CL/CS with eight-byte scaled offset (0..248).</summary>
    public static uint Memory8(uint funct3, int data, int rs1, int offset) =>
        Memory(funct3, data, rs1) | (uint)((Bits(offset, 5, 3) << 10) | (Bits(offset, 7, 6) << 5));

    /// <summary>CA: register-register arithmetic of quadrant 1.</summary>
    public static uint Ca(uint funct6, uint funct2, int rd, int rs2) =>
        1 | ((uint)(rs2 - 8) << 2) | (funct2 << 5) | ((uint)(rd - 8) << 7) | (funct6 << 10);

    /// <summary>CB arithmetic: <c>c.srli</c> (0), <c>c.srai</c> (1), <c>c.andi</c> (2).</summary>
    public static uint CbArithmetic(uint funct2, int rd, int immediate) =>
        1 | (((uint)immediate & 0x1F) << 2) | ((uint)(rd - 8) << 7) | (funct2 << 10) | ((((uint)immediate >> 5) & 1) << 12) | (4u << 13);

    /// <summary><c>c.beqz</c> (funct3 6) and <c>c.bnez</c> (7) without their offset.</summary>
    public static uint CbBranch(uint funct3, int rs1) => 1 | ((uint)(rs1 - 8) << 7) | (funct3 << 13);

    /// <summary>The scattered offset of <c>c.beqz</c>/<c>c.bnez</c>.</summary>
    public static uint BranchOffset(int offset)
    {
        Formats.Check(offset, 9);
        return (uint)((Bits(offset, 8, 8) << 12) | (Bits(offset, 4, 3) << 10) | (Bits(offset, 7, 6) << 5)
            | (Bits(offset, 2, 1) << 3) | (Bits(offset, 5, 5) << 2));
    }

    /// <summary>The scattered offset of <c>c.j</c>.</summary>
    public static uint JumpOffset(int offset)
    {
        Formats.Check(offset, 12);
        return (uint)((Bits(offset, 11, 11) << 12) | (Bits(offset, 4, 4) << 11) | (Bits(offset, 9, 8) << 9)
            | (Bits(offset, 10, 10) << 8) | (Bits(offset, 6, 6) << 7) | (Bits(offset, 7, 7) << 6)
            | (Bits(offset, 3, 1) << 3) | (Bits(offset, 5, 5) << 2));
    }

    private static uint Css(uint funct3, int rs2, int immediate) =>
        2 | ((uint)rs2 << 2) | ((uint)immediate << 7) | (funct3 << 13);

    private static uint Memory(uint funct3, int data, int rs1) =>
        ((uint)(data - 8) << 2) | ((uint)(rs1 - 8) << 7) | (funct3 << 13);

    private static int Bits(int value, int high, int low) => (value >> low) & ((1 << (high - low + 1)) - 1);
}
