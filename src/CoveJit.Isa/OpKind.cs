namespace CoveJit.Isa;

/// <summary>How an operation is executed; each value but the first is a kind of declaration.</summary>
public enum OpKind
{
    /// <summary>Not an instruction.</summary>
    Illegal,

    /// <summary>Computes a register from registers and immediates.</summary>
    Alu,

    /// <summary>Loads from rs1 + imm.</summary>
    Load,

    /// <summary>Stores to rs1 + imm.</summary>
    Store,

    /// <summary>Atomically reads, modifies and writes the memory at rs1.</summary>
    Amo,

    /// <summary>Jumps to pc + imm on a condition.</summary>
    Branch,

    /// <summary>Jumps always.</summary>
    Jump,

    /// <summary>Acts on the hart through <see cref="IMachine"/>.</summary>
    System,
}
