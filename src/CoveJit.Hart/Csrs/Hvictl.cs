namespace CoveJit.Harts.Csrs;

/// <summary>Fields of hvictl (AIA 1.0, "Virtual interrupts for VS level").</summary>
public static class Hvictl
{
    /// <summary>IPRIO: the interrupt's priority number.</summary>
    public const ulong Iprio = 0xFF;

    /// <summary>IPRIOM: vstopi.IPRIO is the priority number, and not always 1.</summary>
    public const ulong Ipriom = 1UL << 8;

    /// <summary>DPR: the interrupt's default priority is lower than the external interrupt's.</summary>
    public const ulong Dpr = 1UL << 9;

    /// <summary>IID: the interrupt's code.</summary>
    public const ulong Iid = 0xFFFUL << IidShift;

    /// <summary>Position of IID.</summary>
    public const int IidShift = 16;

    /// <summary>VTI: the interrupt is the only one beside external ones, and accesses that concern pending interrupts trap.</summary>
    public const ulong Vti = 1UL << 30;

    /// <summary>Fields that software may write.</summary>
    public const ulong Writable = Iprio | Ipriom | Dpr | Iid | Vti;
}
