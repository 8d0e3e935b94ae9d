using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Single-precision floating point (Unprivileged, chapter "F").</summary>
public static class Rv64F
{
    /// <summary>Loads a single.</summary>
    [Load("flw", "imm[11:0] rs1 010 fd 0000111", Extension.F, Hot = true)]
    public static uint Flw(uint value) => value;

    /// <summary>Stores a single: the register's low bits, whether boxed or not.</summary>
    [Store("fsw", "imm[11:5] fs2 rs1 010 imm[4:0] 0100111", Extension.F, Hot = true)]
    public static uint Fsw(uint fs2) => fs2;
}
