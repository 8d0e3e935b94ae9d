namespace CoveJit.Harts.Tests;

/// <summary>Encodings of the instructions that the tests are written in.</summary>
internal static class Asm
{
    public const uint Nop = 0x13;
    public const uint Ecall = 0x73;
    public const uint Ebreak = 0x0010_0073;
    public const uint Mret = 0x3020_0073;
    public const uint Sret = 0x1020_0073;
    public const uint Wfi = 0x1050_0073;
    public const uint FenceI = 0x100F;
    public const uint Fence = 0x0FF0_000F;
    public const uint Ret = 0x0000_8067;

    public static uint Addi(int rd, int rs1, int imm) => I(0x13, 0, rd, rs1, imm);

    public static uint Add(int rd, int rs1, int rs2) => R(0x33, 0, 0, rd, rs1, rs2);

    public static uint Load(int size, int rd, int rs1, int imm) => I(0x03, size switch { 1 => 0u, 2 => 1u, 4 => 2u, _ => 3u }, rd, rs1, imm);

    public static uint Store(int size, int rs2, int rs1, int imm) =>
        0x23u | (size switch { 1 => 0u, 2 => 1u, 4 => 2u, _ => 3u } << 12) | ((uint)rs1 << 15) | ((uint)rs2 << 20) | (((uint)imm & 0x1F) << 7) | (((uint)imm & 0xFE0) << 20);

    public static uint Jalr(int rd, int rs1, int imm) => I(0x67, 0, rd, rs1, imm);

    public static uint Jal(int rd, int offset) =>
        0x6Fu | ((uint)rd << 7) | ((uint)offset & 0xFF000) | (((uint)offset & 0x800) << 9) | (((uint)offset & 0x7FE) << 20) | (((uint)offset & 0x100000) << 11);

    public static uint Bne(int rs1, int rs2, int offset) =>
        0x63u | (1 << 12) | ((uint)rs1 << 15) | ((uint)rs2 << 20) | (((uint)offset & 0x800) >> 4) | (((uint)offset & 0x1E) << 7) | (((uint)offset & 0x7E0) << 20) | (((uint)offset & 0x1000) << 19);

    public static uint Csrrw(int rd, uint csr, int rs1) => I(0x73, 1, rd, rs1, (int)csr);

    public static uint Csrrs(int rd, uint csr, int rs1) => I(0x73, 2, rd, rs1, (int)csr);

    public static uint Csrrc(int rd, uint csr, int rs1) => I(0x73, 3, rd, rs1, (int)csr);

    public static uint Lr(int size, int rd, int rs1) => Amo(2, size, rd, rs1, 0);

    public static uint Sc(int size, int rd, int rs1, int rs2) => Amo(3, size, rd, rs1, rs2);

    public static uint AmoAdd(int size, int rd, int rs1, int rs2) => Amo(0, size, rd, rs1, rs2);

    public static uint AmoSwap(int size, int rd, int rs1, int rs2) => Amo(1, size, rd, rs1, rs2);

    public static uint SfenceVma(int rs1, int rs2) => R(0x73, 0, 9, 0, rs1, rs2);

    public static uint R(uint opcode, uint funct3, uint funct7, int rd, int rs1, int rs2) =>
        opcode | ((uint)rd << 7) | (funct3 << 12) | ((uint)rs1 << 15) | ((uint)rs2 << 20) | (funct7 << 25);

    public static uint I(uint opcode, uint funct3, int rd, int rs1, int imm) =>
        opcode | ((uint)rd << 7) | (funct3 << 12) | ((uint)rs1 << 15) | ((uint)imm << 20);

    private static uint Amo(uint funct5, int size, int rd, int rs1, int rs2) => R(0x2F, size == 4 ? 2u : 3u, funct5 << 2, rd, rs1, rs2);
}
