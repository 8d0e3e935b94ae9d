namespace CoveJit.Harts.Execution;

/// <summary>Why executing code returned to the run loop. State is exact in every case.</summary>
internal enum RunExit
{
    /// <summary>It did not: go on.</summary>
    None,

    /// <summary>The budget is used up, attention was raised, or an instruction changed what execution depends on.</summary>
    Leave,

    /// <summary>An exception is recorded for the instruction at pc.</summary>
    Trap,

    /// <summary>The instruction at pc must be executed by itself.</summary>
    Step,

    /// <summary>The block at pc does not fit what is left of the budget.</summary>
    Budget,

    /// <summary>The code cache must be emptied before more can be decoded.</summary>
    CodeCacheFull,
}
