namespace CoveJit.TeeIo.Ide;

/// <summary>Status of KP_ACK.</summary>
public enum IdeKeyStatus : byte
{
    /// <summary>The key is programmed.</summary>
    Success = 0,

    /// <summary>KEY_PROG has a wrong length.</summary>
    IncorrectLength = 1,

    /// <summary>There is no such port.</summary>
    UnsupportedPortIndex = 2,

    /// <summary>A value is not supported.</summary>
    UnsupportedValue = 3,

    /// <summary>It failed otherwise.</summary>
    UnspecifiedFailure = 4,
}
