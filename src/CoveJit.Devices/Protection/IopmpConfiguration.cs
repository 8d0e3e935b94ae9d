namespace CoveJit.Devices.Protection;

/// <summary>What an IOPMP has: HWCFG0, HWCFG1 and HWCFG3.</summary>
public sealed record IopmpConfiguration
{
    /// <summary>Most memory domains (HWCFG0.md_num has six bits, MD 63 no bit in SRCMD_EN).</summary>
    public const int MostDomains = 63;

    /// <summary>Most entries that <see cref="Iopmp.WindowSize"/> has room for.</summary>
    public const int MostEntries = 4096;

    /// <summary>Most requesters.</summary>
    public const int MostRequesters = 1024;

    /// <summary>The tables it has.</summary>
    public IopmpModel Model { get; init; }

    /// <summary>Entries (entry_num), 1 to <see cref="MostEntries"/>.</summary>
    public int Entries { get; init; } = 64;

    /// <summary>Memory domains (md_num), 1 to <see cref="MostDomains"/>.</summary>
    public int Domains { get; init; } = 16;

    /// <summary>Requesters (rrid_num), 1 to <see cref="MostRequesters"/>; in the compact model as many as domains, whatever this says.</summary>
    public int Requesters { get; init; } = 64;

    /// <summary>Requesters that there are.</summary>
    public int RequesterCount => Model == IopmpModel.Compact ? Domains : Requesters;

    /// <summary>Entries of each domain in the models without an MDCFG table: k. The last domains have fewer, or none, where entries run out.</summary>
    public int EntriesInDomain => Math.Clamp((Entries + Domains - 1) / Domains, 1, 128);
}
