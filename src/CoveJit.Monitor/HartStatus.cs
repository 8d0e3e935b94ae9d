namespace CoveJit.Monitor;

/// <summary>States of a hart (SBI 3.0, HSM, table "HSM Hart States").</summary>
public enum HartStatus
{
    /// <summary>STARTED.</summary>
    Started,

    /// <summary>STOPPED.</summary>
    Stopped,

    /// <summary>START_PENDING.</summary>
    StartPending,

    /// <summary>STOP_PENDING.</summary>
    StopPending,

    /// <summary>SUSPENDED.</summary>
    Suspended,

    /// <summary>SUSPEND_PENDING.</summary>
    SuspendPending,

    /// <summary>RESUME_PENDING.</summary>
    ResumePending,
}
