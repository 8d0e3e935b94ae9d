namespace CoveJit.Tsm.Guests;

/// <summary>States of a vCPU.</summary>
public enum VcpuState
{
    /// <summary>Not started by the TVM (HSM).</summary>
    PoweredOff,

    /// <summary>May be run.</summary>
    Runnable,

    /// <summary>A hart is running it.</summary>
    Running,

    /// <summary>Waits until the host has taken away what was mapped in a range that the TVM has shared or unshared.</summary>
    Blocked,
}
