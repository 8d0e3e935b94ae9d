namespace CoveJit.Benchmarks;

/// <summary>Encodings of the few instructions that the guest loops are made of (Unprivileged, "RV64I").</summary>
internal static class Rv
{
    public static uint Addi(uint rd, uint rs1, int imm) => ImmediateForm(0x13, 0, rd, rs1, imm);

    public static uint Slli(uint rd, uint rs1, int shamt) => ImmediateForm(0x13, 1, rd, rs1, shamt);

    public static uint Xori(uint rd, uint rs1, int imm) => ImmediateForm(0x13, 4, rd, rs1, imm);

    public static uint Ld(uint rd, uint rs1, int imm) => ImmediateForm(0x03, 3, rd, rs1, imm);

    public static uint Lbu(uint rd, uint rs1, int imm) => ImmediateForm(0x03, 4, rd, rs1, imm);

    public static uint Lw(uint rd, uint rs1, int imm) => ImmediateForm(0x03, 2, rd, rs1, imm);

    public static uint Jalr(uint rd, uint rs1, int imm) => ImmediateForm(0x67, 0, rd, rs1, imm);

    public static uint Csrrw(uint rd, uint csr, uint rs1) => ImmediateForm(0x73, 1, rd, rs1, (int)csr);

    public static uint Add(uint rd, uint rs1, uint rs2) => RegisterForm(0x33, 0, 0, rd, rs1, rs2);

    public static uint Mul(uint rd, uint rs1, uint rs2) => RegisterForm(0x33, 0, 1, rd, rs1, rs2);

    public static uint And(uint rd, uint rs1, uint rs2) => RegisterForm(0x33, 7, 0, rd, rs1, rs2);

    public static uint Fadd(uint fd, uint fs1, uint fs2) => RegisterForm(0x53, 7, 1, fd, fs1, fs2);

    public static uint Or(uint rd, uint rs1, uint rs2) => RegisterForm(0x33, 6, 0, rd, rs1, rs2);

    public static uint Sb(uint rs2, uint rs1, int imm) => StoreForm(0, rs2, rs1, imm);

    public static uint Sw(uint rs2, uint rs1, int imm) => StoreForm(2, rs2, rs1, imm);

    public static uint Sd(uint rs2, uint rs1, int imm) => StoreForm(3, rs2, rs1, imm);

    /// <summary>A branch by <paramref name="offset"/> bytes if the registers differ.</summary>
    public static uint Bne(uint rs1, uint rs2, int offset) =>
        0x63 | Branch(offset) | (1 << 12) | (rs1 << 15) | (rs2 << 20);

    /// <summary>A jump by <paramref name="offset"/> bytes, within 1 MiB.</summary>
    public static uint Jal(uint rd, int offset) =>
        0x6F | (rd << 7) | ((uint)offset & 0xFF000) | (((uint)offset >> 11 & 1) << 20) | (((uint)offset >> 1 & 0x3FF) << 21) | (((uint)offset >> 20 & 1) << 31);

    private static uint Branch(int offset) =>
        (((uint)offset >> 11 & 1) << 7) | (((uint)offset >> 1 & 15) << 8) | (((uint)offset >> 5 & 63) << 25) | (((uint)offset >> 12 & 1) << 31);

    private static uint StoreForm(uint function, uint rs2, uint rs1, int imm) =>
        0x23 | (((uint)imm & 31) << 7) | (function << 12) | (rs1 << 15) | (rs2 << 20) | ((uint)(imm >> 5) << 25);

    private static uint ImmediateForm(uint opcode, uint function, uint rd, uint rs1, int imm) =>
        opcode | (rd << 7) | (function << 12) | (rs1 << 15) | ((uint)imm << 20);

    private static uint RegisterForm(uint opcode, uint function, uint upper, uint rd, uint rs1, uint rs2) =>
        opcode | (rd << 7) | (function << 12) | (rs1 << 15) | (rs2 << 20) | (upper << 25);
}
