using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>
/// Compressed may-be-operations (Unprivileged, chapter "Zimop", Zcmop): until another extension redefines one, it does nothing. C.MOP.1 and C.MOP.5 are
/// with <see cref="Zicfiss"/>.
/// </summary>
[Compressed("c.mop.3", "011 0 00011 00000 01", Extension.Zcmop, "addi x0, x0, 0")]
[Compressed("c.mop.7", "011 0 00111 00000 01", Extension.Zcmop, "addi x0, x0, 0")]
[Compressed("c.mop.9", "011 0 01001 00000 01", Extension.Zcmop, "addi x0, x0, 0")]
[Compressed("c.mop.11", "011 0 01011 00000 01", Extension.Zcmop, "addi x0, x0, 0")]
[Compressed("c.mop.13", "011 0 01101 00000 01", Extension.Zcmop, "addi x0, x0, 0")]
[Compressed("c.mop.15", "011 0 01111 00000 01", Extension.Zcmop, "addi x0, x0, 0")]
public static class Zcmop;
