using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Additional compressed instructions (Unprivileged, chapter "Zc*", Zcb); each needs the extension of what it expands to as well.</summary>
[Compressed("c.lbu", "100 000 rs1' uimm[0|1] rd' 00", Extension.Zcb, "lbu rd', uimm(rs1')")]
[Compressed("c.lhu", "100 001 rs1' 0 uimm[1] rd' 00", Extension.Zcb, "lhu rd', uimm(rs1')")]
[Compressed("c.lh", "100 001 rs1' 1 uimm[1] rd' 00", Extension.Zcb, "lh rd', uimm(rs1')")]
[Compressed("c.sb", "100 010 rs1' uimm[0|1] rs2' 00", Extension.Zcb, "sb rs2', uimm(rs1')")]
[Compressed("c.sh", "100 011 rs1' 0 uimm[1] rs2' 00", Extension.Zcb, "sh rs2', uimm(rs1')")]
[Compressed("c.zext.b", "100 111 rd' 11 000 01", Extension.Zcb, "andi rd', rd', 255")]
[Compressed("c.sext.b", "100 111 rd' 11 001 01", Extension.Zcb, "sext.b rd', rd'")]
[Compressed("c.zext.h", "100 111 rd' 11 010 01", Extension.Zcb, "zext.h rd', rd'")]
[Compressed("c.sext.h", "100 111 rd' 11 011 01", Extension.Zcb, "sext.h rd', rd'")]
[Compressed("c.zext.w", "100 111 rd' 11 100 01", Extension.Zcb, "add.uw rd', rd', x0")]
[Compressed("c.not", "100 111 rd' 11 101 01", Extension.Zcb, "xori rd', rd', -1")]
[Compressed("c.mul", "100 111 rd' 10 rs2' 01", Extension.Zcb, "mul rd', rd', rs2'")]
public static class Zcb;
