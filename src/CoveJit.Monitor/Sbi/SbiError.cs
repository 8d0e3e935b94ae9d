namespace CoveJit.Monitor.Sbi;

/// <summary>Standard error codes (SBI 3.0, table "Standard SBI Errors").</summary>
public enum SbiError : long
{
    /// <summary>SBI_SUCCESS.</summary>
    Success = 0,

    /// <summary>SBI_ERR_FAILED.</summary>
    Failed = -1,

    /// <summary>SBI_ERR_NOT_SUPPORTED.</summary>
    NotSupported = -2,

    /// <summary>SBI_ERR_INVALID_PARAM.</summary>
    InvalidParam = -3,

    /// <summary>SBI_ERR_DENIED.</summary>
    Denied = -4,

    /// <summary>SBI_ERR_INVALID_ADDRESS.</summary>
    InvalidAddress = -5,

    /// <summary>SBI_ERR_ALREADY_AVAILABLE.</summary>
    AlreadyAvailable = -6,

    /// <summary>SBI_ERR_ALREADY_STARTED.</summary>
    AlreadyStarted = -7,

    /// <summary>SBI_ERR_ALREADY_STOPPED.</summary>
    AlreadyStopped = -8,

    /// <summary>SBI_ERR_NO_SHMEM.</summary>
    NoShmem = -9,

    /// <summary>SBI_ERR_INVALID_STATE.</summary>
    InvalidState = -10,

    /// <summary>SBI_ERR_BAD_RANGE.</summary>
    BadRange = -11,

    /// <summary>SBI_ERR_TIMEOUT.</summary>
    Timeout = -12,

    /// <summary>SBI_ERR_IO.</summary>
    Io = -13,

    /// <summary>SBI_ERR_DENIED_LOCKED.</summary>
    DeniedLocked = -14,
}
