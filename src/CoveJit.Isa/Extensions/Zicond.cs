using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Integer conditional operations (Unprivileged, chapter "Zicond").</summary>
public static class Zicond
{
    /// <summary>Moves zero if rs2 is zero, else rs1.</summary>
    [Instruction("czero.eqz", "0000111 rs2 rs1 101 rd 0110011", Extension.Zicond, Hot = true)]
    public static ulong CzeroEqz(ulong rs1, ulong rs2) => rs2 == 0 ? 0 : rs1;

    /// <summary>Moves zero if rs2 is not zero, else rs1.</summary>
    [Instruction("czero.nez", "0000111 rs2 rs1 111 rd 0110011", Extension.Zicond, Hot = true)]
    public static ulong CzeroNez(ulong rs1, ulong rs2) => rs2 != 0 ? 0 : rs1;
}
