namespace CoveJit.Harts.Timing;

/// <summary>Event selectors of mhpmevent; numbers as the SBI PMU extension and QEMU's virt board spell them.</summary>
public enum HartEvent : ulong
{
    /// <summary>Counts nothing.</summary>
    None = 0,

    /// <summary>Cycles: one for each retired instruction.</summary>
    Cycles = 1,

    /// <summary>Retired instructions.</summary>
    Instructions = 2,

    /// <summary>Fills of the software TLB for loads.</summary>
    DtlbReadMisses = 0x10019,

    /// <summary>Fills of the software TLB for stores.</summary>
    DtlbWriteMisses = 0x1001B,

    /// <summary>Fills of the software TLB for fetches.</summary>
    ItlbReadMisses = 0x10021,
}
