namespace CoveJit.Harts.Csrs;

/// <summary>Fields of menvcfg, henvcfg and senvcfg.</summary>
public static class Envcfg
{
    /// <summary>FIOM: fence of I/O implies memory.</summary>
    public const ulong Fiom = 1UL << 0;

    /// <summary>LPE: landing pads in the mode below (Zicfilp).</summary>
    public const ulong Lpe = 1UL << 2;

    /// <summary>SSE: shadow stack in the mode below (Zicfiss).</summary>
    public const ulong Sse = 1UL << 3;

    /// <summary>CBIE: 0 CBO.INVAL traps, 1 it flushes, 3 it invalidates.</summary>
    public const ulong Cbie = 3UL << 4;

    /// <summary>CBCFE: CBO.CLEAN and CBO.FLUSH are permitted.</summary>
    public const ulong Cbcfe = 1UL << 6;

    /// <summary>CBZE: CBO.ZERO is permitted.</summary>
    public const ulong Cbze = 1UL << 7;

    /// <summary>ADUE: hardware updates A and D (Svadu).</summary>
    public const ulong Adue = 1UL << 61;

    /// <summary>PBMTE: page-based memory types (Svpbmt).</summary>
    public const ulong Pbmte = 1UL << 62;

    /// <summary>STCE: stimecmp (Sstc).</summary>
    public const ulong Stce = 1UL << 63;

    /// <summary>Writable fields of senvcfg.</summary>
    public const ulong SupervisorWritable = Fiom | Lpe | Sse | Cbie | Cbcfe | Cbze;

    /// <summary>Fields of henvcfg that are read-only zero where menvcfg has them zero.</summary>
    public const ulong GatedByMachine = Sse | Adue | Pbmte | Stce;

    /// <summary>Writable fields of menvcfg and henvcfg.</summary>
    public const ulong MachineWritable = SupervisorWritable | Adue | Pbmte | Stce;
}
