using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Double-precision floating point (Unprivileged, chapter "D").</summary>
public static class Rv64D
{
    /// <summary>Loads a double.</summary>
    [Load("fld", "imm[11:0] rs1 011 fd 0000111", Extension.D, Hot = true)]
    public static ulong Fld(ulong value) => value;

    /// <summary>Stores a double.</summary>
    [Store("fsd", "imm[11:5] fs2 rs1 011 imm[4:0] 0100111", Extension.D, Hot = true)]
    public static ulong Fsd(ulong fs2) => fs2;
}
