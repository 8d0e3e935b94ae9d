namespace CoveJit.Tsm.Tests;

/// <summary>Encodings that <c>Asm</c> has no name for.</summary>
internal static class Riscv
{
    public static uint Lui(int rd, uint imm20) => 0x37 | ((uint)rd << 7) | (imm20 << 12);

    public static uint Auipc(int rd, uint imm20) => 0x17 | ((uint)rd << 7) | (imm20 << 12);

    public static uint LoadUnsigned(int size, int rd, int rs1) => 0x03u | ((size switch { 1 => 4u, 2 => 5u, _ => 6u }) << 12) | ((uint)rd << 7) | ((uint)rs1 << 15);

    public static uint Csrrsi(int rd, uint csr, uint imm) => 0x6073 | ((uint)rd << 7) | (imm << 15) | (csr << 20);
}
