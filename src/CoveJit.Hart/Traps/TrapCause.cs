namespace CoveJit.Harts.Traps;

/// <summary>Exception codes of mcause and scause (Privileged, "Machine Cause Register").</summary>
public enum TrapCause : uint
{
    /// <summary>Instruction address misaligned.</summary>
    InstructionMisaligned = 0,

    /// <summary>Instruction access fault.</summary>
    InstructionAccessFault = 1,

    /// <summary>Illegal instruction.</summary>
    IllegalInstruction = 2,

    /// <summary>Breakpoint.</summary>
    Breakpoint = 3,

    /// <summary>Load address misaligned.</summary>
    LoadMisaligned = 4,

    /// <summary>Load access fault.</summary>
    LoadAccessFault = 5,

    /// <summary>Store/AMO address misaligned.</summary>
    StoreMisaligned = 6,

    /// <summary>Store/AMO access fault.</summary>
    StoreAccessFault = 7,

    /// <summary>Environment call from U-mode.</summary>
    EcallFromU = 8,

    /// <summary>Environment call from S-mode (HS-mode).</summary>
    EcallFromS = 9,

    /// <summary>Environment call from VS-mode.</summary>
    EcallFromVs = 10,

    /// <summary>Environment call from M-mode.</summary>
    EcallFromM = 11,

    /// <summary>Instruction page fault.</summary>
    InstructionPageFault = 12,

    /// <summary>Load page fault.</summary>
    LoadPageFault = 13,

    /// <summary>Store/AMO page fault.</summary>
    StorePageFault = 15,

    /// <summary>Software check: control flow that Zicfilp or Zicfiss does not allow.</summary>
    SoftwareCheck = 18,

    /// <summary>Instruction guest-page fault.</summary>
    InstructionGuestPageFault = 20,

    /// <summary>Load guest-page fault.</summary>
    LoadGuestPageFault = 21,

    /// <summary>Virtual instruction: one that would be legal in HS-mode, from VS- or VU-mode.</summary>
    VirtualInstruction = 22,

    /// <summary>Store/AMO guest-page fault.</summary>
    StoreGuestPageFault = 23,
}
