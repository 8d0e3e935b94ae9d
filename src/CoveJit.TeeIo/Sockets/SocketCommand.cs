namespace CoveJit.TeeIo.Sockets;

/// <summary>Commands of the socket protocol that DMTF's spdm-emu speaks.</summary>
public enum SocketCommand : uint
{
    /// <summary>A data object.</summary>
    Normal = 0x0001,

    /// <summary>The requester leaves, the responder keeps listening.</summary>
    Continue = 0xFFFD,

    /// <summary>Both ends stop.</summary>
    Shutdown = 0xFFFE,

    /// <summary>The answer to a command that is not known.</summary>
    Unknown = 0xFFFF,

    /// <summary>A greeting.</summary>
    Test = 0xDEAD,
}
