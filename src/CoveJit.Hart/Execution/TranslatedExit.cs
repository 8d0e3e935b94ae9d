namespace CoveJit.Harts.Execution;

/// <summary>Why translated code returned. State is exact: pc names the next instruction, everything before it has retired.</summary>
public enum TranslatedExit
{
    /// <summary>Go on at pc, in whatever way is fastest.</summary>
    Continue,

    /// <summary>The instruction at pc is beyond translated code (a TLB miss, a trap, an instruction without translation): interpret it.</summary>
    Interpret,
}
