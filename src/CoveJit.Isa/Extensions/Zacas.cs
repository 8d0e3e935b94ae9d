using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Atomic compare-and-swap (Unprivileged, chapter "Zacas").</summary>
public static class Zacas
{
    /// <summary>Compares and swaps a word.</summary>
    [System("amocas.w", "00101 aq rl rs2 rs1 010 rd 0101111", Extension.Zacas, EndsBlock = false, Operands = "{rd}, {rs2}, ({rs1})")]
    public static Flow AmocasW(IMachine machine, uint rd, ulong rs1, uint rs2) => machine.CompareAndSwap(rs1, rd, rs2, 4);

    /// <summary>Compares and swaps a doubleword.</summary>
    [System("amocas.d", "00101 aq rl rs2 rs1 011 rd 0101111", Extension.Zacas, EndsBlock = false, Operands = "{rd}, {rs2}, ({rs1})")]
    public static Flow AmocasD(IMachine machine, uint rd, ulong rs1, uint rs2) => machine.CompareAndSwap(rs1, rd, rs2, 8);

    /// <summary>Compares and swaps a quadword; odd register numbers are reserved.</summary>
    [System("amocas.q", "00101 aq rl rs2[4:1] 0 rs1 100 rd[4:1] 0 0101111", Extension.Zacas, EndsBlock = false, Operands = "{rd}, {rs2}, ({rs1})")]
    public static Flow AmocasQ(IMachine machine, uint rd, ulong rs1, uint rs2) => machine.CompareAndSwap(rs1, rd, rs2, 16);
}
