namespace CoveJit.Harts.Execution;

/// <summary>Why translated code returned. State is exact: pc names the next instruction, everything before it has retired.</summary>
public enum TranslatedExit
{
    /// <summary>Go on at pc, in whatever way is fastest.</summary>
    Continue,

    /// <summary>The instruction at pc is beyond translated code (a TLB miss, a trap, an instruction without translation): interpret it.</summary>
    Interpret,

    /// <summary>An instruction asked for the run loop (<see cref="Isa.Flow.Leave"/>): return to it, pc is behind the instruction.</summary>
    Leave,

    /// <summary>The block at pc has run natively as often as the code cache's region threshold says: tell the translator, and go on.</summary>
    Hotter,
}
