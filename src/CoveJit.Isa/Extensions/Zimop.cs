using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>May-be-operations (Unprivileged, chapter "Zimop"): until another extension redefines one, it writes zero.</summary>
public static class Zimop
{
    /// <summary>Writes zero.</summary>
    [Instruction("mop.r.{uimm}", "1 uimm[4] 00 uimm[3:2] 0111 uimm[1:0] rs1 100 rd 1110011", Extension.Zimop, Operands = "{rd}, {rs1}")]
    public static ulong MopR() => 0;

    /// <summary>Writes zero.</summary>
    [Instruction("mop.rr.{uimm}", "1 uimm[2] 00 uimm[1:0] 1 rs2 rs1 100 rd 1110011", Extension.Zimop, Operands = "{rd}, {rs1}, {rs2}")]
    public static ulong MopRr() => 0;
}
