namespace CoveJit.TeeIo.Tdisp;

/// <summary>Flags of LOCK_INTERFACE_REQUEST.</summary>
[Flags]
public enum TdispLockFlags : ushort
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Firmware must not be updated while locked.</summary>
    NoFirmwareUpdate = 0x1,

    /// <summary>The system's cache line has 128 bytes rather than 64.</summary>
    SystemCacheLineSize = 0x2,

    /// <summary>The MSI-X table is locked too.</summary>
    LockMsix = 0x4,

    /// <summary>Peer-to-peer streams may be bound.</summary>
    BindP2p = 0x8,

    /// <summary>All requests are sent to the root complex.</summary>
    AllRequestRedirect = 0x10,
}
