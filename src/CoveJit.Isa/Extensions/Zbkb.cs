using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Bit manipulation for cryptography (Unprivileged, chapter "Scalar cryptography", Zbkb); what it shares with Zbb is declared there.</summary>
public static class Zbkb
{
    /// <summary>Packs the low words.</summary>
    [Instruction("pack", "0000100 rs2 rs1 100 rd 0110011", Extension.Zbkb)]
    public static ulong Pack(ulong rs1, ulong rs2) => (uint)rs1 | (rs2 << 32);

    /// <summary>Packs the low bytes.</summary>
    [Instruction("packh", "0000100 rs2 rs1 111 rd 0110011", Extension.Zbkb)]
    public static ulong Packh(ulong rs1, ulong rs2) => (byte)rs1 | ((rs2 & 0xFF) << 8);

    /// <summary>Packs the low halfwords; the result is sign-extended.</summary>
    [Instruction("packw", "0000100 rs2 rs1 100 rd 0111011", Extension.Zbkb)]
    public static ulong Packw(ulong rs1, ulong rs2) => (ulong)(int)((ushort)rs1 | ((uint)rs2 << 16));

    /// <summary>Reverses the bits of each byte.</summary>
    [Instruction("brev8", "011010000111 rs1 101 rd 0010011", Extension.Zbkb)]
    public static ulong Brev8(ulong rs1) => ExchangeBits(ExchangeBits(ExchangeBits(rs1, 1, 0x5555555555555555), 2, 0x3333333333333333), 4, 0x0F0F0F0F0F0F0F0F);

    // Exchanges each group of bits under the mask with the one above it.
    private static ulong ExchangeBits(ulong value, int distance, ulong mask) => ((value >> distance) & mask) | ((value & mask) << distance);
}
