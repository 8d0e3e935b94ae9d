namespace CoveJit.TeeIo.Tdisp;

/// <summary>Error codes of TDISP_ERROR.</summary>
public enum TdispErrorCode : uint
{
    /// <summary>No error; never sent.</summary>
    None = 0,

    /// <summary>Fields of the request are wrong.</summary>
    InvalidRequest = 0x1,

    /// <summary>Busy; the request may be repeated.</summary>
    Busy = 0x3,

    /// <summary>The request is not allowed in the interface's state.</summary>
    InvalidInterfaceState = 0x4,

    /// <summary>An error of no other code.</summary>
    Unspecified = 0x5,

    /// <summary>The request is not supported; the error data is its type.</summary>
    UnsupportedRequest = 0x7,

    /// <summary>The version is not supported.</summary>
    VersionMismatch = 0x41,

    /// <summary>There is no such interface.</summary>
    InvalidInterface = 0x101,

    /// <summary>The nonce is not the one of LOCK_INTERFACE_RESPONSE.</summary>
    InvalidNonce = 0x102,

    /// <summary>No nonce can be made.</summary>
    InsufficientEntropy = 0x103,

    /// <summary>The device is not configured so that the interface can be locked.</summary>
    InvalidDeviceConfiguration = 0x104,
}
