using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Crossbar permutations (Unprivileged, chapter "Scalar cryptography", Zbkx).</summary>
public static class Zbkx
{
    /// <summary>Looks up the nibbles of rs1 by those of rs2.</summary>
    [Instruction("xperm4", "0010100 rs2 rs1 010 rd 0110011", Extension.Zbkx)]
    public static ulong Xperm4(ulong rs1, ulong rs2) => Permute(rs1, rs2, 4);

    /// <summary>Looks up the bytes of rs1 by those of rs2; indices beyond the last give zero.</summary>
    [Instruction("xperm8", "0010100 rs2 rs1 100 rd 0110011", Extension.Zbkx)]
    public static ulong Xperm8(ulong rs1, ulong rs2) => Permute(rs1, rs2, 8);

    private static ulong Permute(ulong table, ulong indices, int width)
    {
        ulong mask = (1UL << width) - 1;
        ulong result = 0;
        for (int i = 0; i < 64; i += width)
        {
            ulong position = ((indices >> i) & mask) * (ulong)width;
            result |= position < 64 ? ((table >> (int)position) & mask) << i : 0;
        }

        return result;
    }
}
