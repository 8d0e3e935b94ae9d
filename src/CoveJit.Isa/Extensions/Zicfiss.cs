using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>
/// Shadow stack (Unprivileged, chapter "CFI", Zicfiss). All but SSAMOSWAP redefine may-be-operations: they are declared as parts of Zimop, and the hart
/// decides at run time which of the two they are, since that depends on the mode.
/// </summary>
[Compressed("c.sspush", "011 0 00001 00000 01", Extension.Zcmop, "sspush x1")]
[Compressed("c.sspopchk", "011 0 00101 00000 01", Extension.Zcmop, "sspopchk x5")]
public static class Zicfiss
{
    /// <summary>Pushes x1 or x5 on the shadow stack (MOP.RR.7); with another register it stays a may-be-operation, which writes nothing.</summary>
    [System("sspush", "1100111 rs2!=0 00000 100 00000 1110011", Extension.Zimop, EndsBlock = false)]
    public static Flow Sspush(IMachine machine, uint rs2) => rs2 is 1 or 5 ? machine.ShadowStackPush(rs2) : Flow.Next;

    /// <summary>Pops from the shadow stack and compares with x1 or x5 (MOP.R.28); with another register it stays a may-be-operation, which writes nothing.</summary>
    [System("sspopchk", "110011011100 rs1!=0 100 00000 1110011", Extension.Zimop, EndsBlock = false)]
    public static Flow Sspopchk(IMachine machine, uint rs1) => rs1 is 1 or 5 ? machine.ShadowStackPopCheck(rs1) : Flow.Next;

    /// <summary>Reads ssp; zero where the shadow stack is not active (MOP.R.28).</summary>
    [System("ssrdp", "110011011100 00000 100 rd!=0 1110011", Extension.Zimop, EndsBlock = false)]
    public static Flow Ssrdp(IMachine machine, uint rd) => machine.ShadowStackRead(rd);

    /// <summary>Swaps a word of the shadow stack.</summary>
    [System("ssamoswap.w", "01001 aq rl rs2 rs1 010 rd 0101111", Extension.Zicfiss, EndsBlock = false, Operands = "{rd}, {rs2}, ({rs1})")]
    public static Flow SsamoswapW(IMachine machine, uint rd, ulong rs1, ulong rs2) => machine.ShadowStackSwap(rs1, rd, rs2, 4);

    /// <summary>Swaps a doubleword of the shadow stack.</summary>
    [System("ssamoswap.d", "01001 aq rl rs2 rs1 011 rd 0101111", Extension.Zicfiss, EndsBlock = false, Operands = "{rd}, {rs2}, ({rs1})")]
    public static Flow SsamoswapD(IMachine machine, uint rd, ulong rs1, ulong rs2) => machine.ShadowStackSwap(rs1, rd, rs2, 8);
}
