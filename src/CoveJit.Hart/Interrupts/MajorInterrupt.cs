namespace CoveJit.Harts.Interrupts;

/// <summary>A major interrupt and its rank among those of its level.</summary>
/// <param name="Code">Interrupt code; meaningless if <paramref name="Priority"/> is 0.</param>
/// <param name="Priority">Priority number, smaller before larger: 1 to 255 by the iprio array, an identity of the external interrupt controller, or <see cref="Default"/>; 0 if there is no interrupt.</param>
public readonly record struct MajorInterrupt(int Code, uint Priority)
{
    /// <summary>The rank of an interrupt with priority number 0 whose default priority is lower than the external interrupt's: after all others.</summary>
    public const uint Default = uint.MaxValue;

    /// <summary>The priority number of an external interrupt that is pending without the controller's doing (AIA 1.0, "Configuring priorities of major interrupts at supervisor level").</summary>
    public const uint Uncontrolled = 256;

    /// <summary>No interrupt.</summary>
    public static MajorInterrupt None => default;

    /// <summary>Whether there is an interrupt.</summary>
    public bool Exists => Priority != 0;

    /// <summary>The value of a xtopi CSR: IID in bits 27:16, IPRIO in bits 7:0 (AIA 1.0, "Machine top interrupt CSR").</summary>
    /// <param name="configurable">Whether there are priority numbers; otherwise IPRIO is 1 for every interrupt.</param>
    public ulong ToTopi(bool configurable) => Exists ? ((ulong)Code << 16) | (configurable ? Math.Min(Priority, 255) : 1) : 0;
}
