using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Instruction-fetch fence (Unprivileged, chapter "Zifencei").</summary>
public static class Zifencei
{
    /// <summary>Makes earlier stores visible to later fetches; the operand fields are reserved and ignored.</summary>
    [System("fence.i", "imm[11:0] rs1 001 rd 0001111", Extension.Zifencei, Operands = "")]
    public static Flow FenceI(IMachine machine) => machine.FenceInstruction();
}
