namespace CoveJit.Memory.Translation;

/// <summary>What decides a single-stage (or VS-stage) translation besides the page tables.</summary>
public readonly record struct StageOne
{
    /// <summary>Levels of the page table: 3 (Sv39), 4 (Sv48) or 5 (Sv57).</summary>
    public int Levels { get; init; }

    /// <summary>Physical page number of the root table.</summary>
    public ulong RootPage { get; init; }

    /// <summary>Whether the access is made as U-mode.</summary>
    public bool User { get; init; }

    /// <summary>SUM: S-mode may access user pages.</summary>
    public bool PermitSupervisorUserAccess { get; init; }

    /// <summary>MXR: loads may read executable pages.</summary>
    public bool MakeExecutableReadable { get; init; }

    /// <summary>ADUE (Svadu): hardware sets A and D; otherwise a clear bit faults (Svade).</summary>
    public bool HardwareUpdate { get; init; }

    /// <summary>PBMTE: the PBMT field is defined.</summary>
    public bool MemoryTypes { get; init; }
}
