namespace CoveJit.TeeIo.Tdisp;

/// <summary>States of a TEE device interface (TDI).</summary>
public enum TdispState : byte
{
    /// <summary>CONFIG_UNLOCKED: anybody may configure it; no TEE uses it.</summary>
    ConfigUnlocked = 0,

    /// <summary>CONFIG_LOCKED: its configuration is fixed and can be looked at.</summary>
    ConfigLocked = 1,

    /// <summary>RUN: it takes and sends TLPs of the TEE.</summary>
    Run = 2,

    /// <summary>ERROR: trust is lost; only STOP_INTERFACE leads out.</summary>
    Error = 3,
}
