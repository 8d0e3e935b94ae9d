namespace CoveJit.Isa;

/// <summary>How execution goes on after an instruction that acts on the hart.</summary>
public enum Flow
{
    /// <summary>With the next instruction.</summary>
    Next,

    /// <summary>The instruction retired and changed what the interpreter caches (address space, privilege, interrupt enables, code): leave the block.</summary>
    Leave,

    /// <summary>The instruction retired and set pc itself (xRET): leave the block.</summary>
    Redirect,

    /// <summary>The instruction did not retire: the machine has recorded an exception; the trap is taken at this instruction.</summary>
    Trap,
}
