namespace CoveJit.Machines.Options;

/// <summary>How external interrupts reach the harts: <c>--aia</c>.</summary>
public enum InterruptArchitecture
{
    /// <summary>Harts without the Advanced Interrupt Architecture, and a PLIC.</summary>
    Plic,

    /// <summary>Smaia and Ssaia, and an APLIC that interrupts harts directly.</summary>
    Aplic,

    /// <summary>Smaia and Ssaia, an IMSIC in each hart, and an APLIC that forwards wired interrupts as messages.</summary>
    Imsic,
}
