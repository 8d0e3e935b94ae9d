namespace CoveJit.Tsm.Guests;

/// <summary>States of a TVM (CoVE, <c>tvm_state</c>); the third is ours.</summary>
public enum TvmState
{
    /// <summary>TVM_INITIALIZING: being built, cannot run.</summary>
    Initializing,

    /// <summary>TVM_RUNNABLE: finalized.</summary>
    Runnable,

    /// <summary>It did something that nobody can go on after; it can only be destroyed.</summary>
    Dead,
}
