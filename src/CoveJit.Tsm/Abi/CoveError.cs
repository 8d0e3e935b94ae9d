using CoveJit.Monitor.Sbi;

namespace CoveJit.Tsm.Abi;

/// <summary>Errors that the CoVE ABI names and gives no number to; these are out of the range of the standard ones.</summary>
public static class CoveError
{
    /// <summary>ERR_AUTH: not authentic, or not authorized.</summary>
    public const SbiError Auth = (SbiError)(-100);

    /// <summary>ERR_OUT_OF_MEMORY.</summary>
    public const SbiError OutOfMemory = (SbiError)(-101);

    /// <summary>ERR_OUT_OF_PTPAGES: the TVM has too few page-table pages.</summary>
    public const SbiError OutOfPageTablePages = (SbiError)(-102);

    /// <summary>ERR_BUSY.</summary>
    public const SbiError Busy = (SbiError)(-103);

    /// <summary>SBI_ERR_KEY_UPDATE_REQUIRED (CoVE-IO): the keys of the session with the device have to be changed first.</summary>
    public const SbiError KeyUpdateRequired = (SbiError)(-104);

    /// <summary>An error's name as the specifications spell it.</summary>
    public static string NameOf(SbiError error) => error switch
    {
        SbiError.Success => "SUCCESS",
        SbiError.Failed => "FAILED",
        SbiError.NotSupported => "NOT_SUPPORTED",
        SbiError.InvalidParam => "INVALID_PARAM",
        SbiError.Denied => "DENIED",
        SbiError.InvalidAddress => "INVALID_ADDRESS",
        SbiError.AlreadyStarted => "ALREADY_STARTED",
        SbiError.AlreadyStopped => "ALREADY_STOPPED",
        SbiError.NoShmem => "NO_SHMEM",
        Auth => "ERR_AUTH",
        OutOfMemory => "ERR_OUT_OF_MEMORY",
        OutOfPageTablePages => "ERR_OUT_OF_PTPAGES",
        Busy => "ERR_BUSY",
        KeyUpdateRequired => "KEY_UPDATE_REQUIRED",
        _ => error.ToString(),
    };
}
