using CoveJit.Isa.Declarations;

namespace CoveJit.Isa.Extensions;

/// <summary>Privileged instructions (Privileged, chapters "Machine-Level ISA" and "Supervisor-Level ISA").</summary>
public static class Privileged
{
    /// <summary>Returns from a trap to M-mode.</summary>
    [System("mret", "0011000 00010 00000 000 00000 1110011", Extension.I)]
    public static Flow Mret(IMachine machine) => machine.MachineReturn();

    /// <summary>Returns from a trap to S-mode.</summary>
    [System("sret", "0001000 00010 00000 000 00000 1110011", Extension.S)]
    public static Flow Sret(IMachine machine) => machine.SupervisorReturn();

    /// <summary>Waits for an interrupt.</summary>
    [System("wfi", "0001000 00101 00000 000 00000 1110011", Extension.I)]
    public static Flow Wfi(IMachine machine) => machine.WaitForInterrupt();

    /// <summary>Orders page-table writes before later translations.</summary>
    [System("sfence.vma", "0001001 rs2 rs1 000 00000 1110011", Extension.S)]
    public static Flow SfenceVma(IMachine machine, uint rs1, uint rs2) => machine.FenceVirtualMemory(rs1, rs2);
}
