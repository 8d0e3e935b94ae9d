namespace CoveJit.Memory.Translation;

/// <summary>What decides one stage of a translation besides the page tables: of S-mode's own (satp), VS-stage (vsatp) or G-stage (hgatp).</summary>
public readonly record struct TranslationStage
{
    /// <summary>Levels of the page table: 3 (Sv39), 4 (Sv48) or 5 (Sv57); 0 for Bare, which translates nothing.</summary>
    public int Levels { get; init; }

    /// <summary>Physical page number of the root table.</summary>
    public ulong RootPage { get; init; }

    /// <summary>
    /// Whether this is a G-stage, Sv39x4, Sv48x4 or Sv57x4: the root table is four times as large, addresses are two bits wider and are not
    /// sign-extended (Privileged, "Guest Physical Address Translation"). Every access is a user's: <see cref="User"/> is to be set.
    /// </summary>
    public bool IsGuestStage { get; init; }

    /// <summary>Whether the access is made as U-mode.</summary>
    public bool User { get; init; }

    /// <summary>SUM: S-mode may access user pages.</summary>
    public bool PermitSupervisorUserAccess { get; init; }

    /// <summary>MXR: loads may read executable pages.</summary>
    public bool MakeExecutableReadable { get; init; }

    /// <summary>HLVX: loads need execute permission in place of read permission.</summary>
    public bool ReadAsExecute { get; init; }

    /// <summary>ADUE (Svadu): hardware sets A and D; otherwise a clear bit faults (Svade).</summary>
    public bool HardwareUpdate { get; init; }

    /// <summary>PBMTE: the PBMT field is defined.</summary>
    public bool MemoryTypes { get; init; }

    /// <summary>SSE: pages that are writable but not readable are shadow stack pages (Zicfiss). Has no effect in a G-stage.</summary>
    public bool ShadowStacks { get; init; }

    /// <summary>Whether a shadow stack instruction makes the access.</summary>
    public bool IsShadowStackAccess { get; init; }

    /// <summary>Whether the stage translates nothing.</summary>
    public bool IsBare => Levels == 0;
}
