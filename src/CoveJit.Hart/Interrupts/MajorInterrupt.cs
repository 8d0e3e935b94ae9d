namespace CoveJit.Harts.Interrupts;

/// <summary>A major interrupt and its rank among those of its level.</summary>
/// <param name="Code">Interrupt code, as the level numbers it.</param>
/// <param name="Priority">Rank, smaller before larger: 1 to 255 by a configured priority number, an identity of the external interrupt controller, 0 for what comes before all of them, or <see cref="Default"/>.</param>
public readonly record struct MajorInterrupt(int Code, uint Priority)
{
    /// <summary>The rank of an interrupt with priority number 0 whose default priority is lower than the external interrupt's: after all others.</summary>
    public const uint Default = uint.MaxValue;

    /// <summary>The priority number of an external interrupt that is pending without the controller's doing (AIA 1.0, "Configuring priorities of major interrupts at supervisor level").</summary>
    public const uint Uncontrolled = 256;

    /// <summary>The value of a xtopi CSR: IID in bits 27:16, IPRIO in bits 7:0 (AIA 1.0, "Machine top interrupt CSR").</summary>
    /// <param name="showsPriority">Whether IPRIO is the priority number; otherwise it is 1 for every interrupt.</param>
    public ulong ToTopi(bool showsPriority) => ((ulong)Code << 16) | (showsPriority ? Math.Min(Priority, 255) : 1);
}
