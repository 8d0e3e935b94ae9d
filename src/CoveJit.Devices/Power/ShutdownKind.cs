namespace CoveJit.Devices.Power;

/// <summary>What the guest asks of the board's power control.</summary>
public enum ShutdownKind
{
    /// <summary>Power off: the guest ended well.</summary>
    PowerOff,

    /// <summary>Power off and report failure to the embedding program.</summary>
    Fail,

    /// <summary>Reset the machine.</summary>
    Reset,
}
