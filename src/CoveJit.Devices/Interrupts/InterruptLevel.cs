namespace CoveJit.Devices.Interrupts;

/// <summary>The privilege level an interrupt domain or interrupt file is for.</summary>
public enum InterruptLevel
{
    /// <summary>Machine level.</summary>
    Machine,

    /// <summary>Supervisor level.</summary>
    Supervisor,
}
