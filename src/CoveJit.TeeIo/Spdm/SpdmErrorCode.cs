namespace CoveJit.TeeIo.Spdm;

/// <summary>Error codes of the ERROR response (DSP0274, "Error code and error data").</summary>
public enum SpdmErrorCode : byte
{
    /// <summary>Fields of the request are wrong.</summary>
    InvalidRequest = 0x01,

    /// <summary>The responder is busy; the request may be repeated.</summary>
    Busy = 0x03,

    /// <summary>The request is not allowed in this state.</summary>
    UnexpectedRequest = 0x04,

    /// <summary>An error of no other code.</summary>
    Unspecified = 0x05,

    /// <summary>A record cannot be decrypted or verified; the session is over.</summary>
    DecryptError = 0x06,

    /// <summary>The request is not supported; the error data is its code.</summary>
    UnsupportedRequest = 0x07,

    /// <summary>A request is under way already.</summary>
    RequestInFlight = 0x08,

    /// <summary>The requester delivered a response with a wrong code.</summary>
    InvalidResponseCode = 0x09,

    /// <summary>There are as many sessions as the responder can hold.</summary>
    SessionLimitExceeded = 0x0A,

    /// <summary>The request needs a session.</summary>
    SessionRequired = 0x0B,

    /// <summary>The device needs a reset to complete the request.</summary>
    ResetRequired = 0x0C,

    /// <summary>The response is larger than the requester can take.</summary>
    ResponseTooLarge = 0x0D,

    /// <summary>The request is larger than the responder can take.</summary>
    RequestTooLarge = 0x0E,

    /// <summary>The response must be fetched in chunks.</summary>
    LargeResponse = 0x0F,

    /// <summary>A message was lost.</summary>
    MessageLost = 0x10,

    /// <summary>The version is not the negotiated one.</summary>
    VersionMismatch = 0x41,

    /// <summary>The response comes later, by RESPOND_IF_READY.</summary>
    ResponseNotReady = 0x42,

    /// <summary>The requester must start again with GET_VERSION.</summary>
    RequestResynch = 0x43,

    /// <summary>A vendor's own error.</summary>
    VendorDefined = 0xFF,
}
