using CoveJit.Isa;

namespace CoveJit.Harts;

/// <summary>What a hart implements.</summary>
public sealed record HartConfiguration
{
    /// <summary>The extensions of the instruction set.</summary>
    public ExtensionSet Extensions { get; init; } = ExtensionSet.All;

    /// <summary>Levels of the largest page table: 3 (Sv39), 4 (Sv48) or 5 (Sv57).</summary>
    public int MaximumLevels { get; init; } = 5;

    /// <summary>PMP entries: 0, 16 or 64.</summary>
    public int PmpEntries { get; init; } = 16;

    /// <summary>Programmable performance counters, at most 29.</summary>
    public int PerformanceCounters { get; init; } = 8;

    /// <summary>Implemented ASID bits.</summary>
    public int AsidBits { get; init; } = 16;

    /// <summary>Whether the hart has the CSRs of the Advanced Interrupt Architecture (Smaia and Ssaia, with Smcsrind and Sscsrind).</summary>
    public bool AdvancedInterrupts { get; init; }

    /// <summary>Identities in each interrupt file of the hart's IMSIC: one less than a multiple of 64, 63 to 2047; 0 for a hart without an IMSIC.</summary>
    public int InterruptIdentities { get; init; }

    /// <summary>Whether the hart has an IMSIC.</summary>
    public bool HasImsic => AdvancedInterrupts && InterruptIdentities != 0;

    /// <summary>Implemented VMID bits, at most 14. Hypervisor extension.</summary>
    public int VmidBits { get; init; } = 14;

    /// <summary>GEILEN: guest external interrupts, at most 63. Hypervisor extension.</summary>
    public int GuestExternalInterrupts { get; init; } = 7;

    /// <summary>Supervisor interrupt domains (Smsdia), 1 to 63; 1 stands for a hart without the extension.</summary>
    public int InterruptDomains { get; init; } = 1;

    /// <summary>
    /// Whether memory protection tables have the format of the drafts of 2024 (Smmtt46, Smmtt56), named by mttp in the place of mmpt. Smsd.
    /// </summary>
    public bool LegacyProtectionTables { get; init; }

    /// <summary>Bytes of a cache block, as Zicbom, Zicboz and Zicbop see it.</summary>
    public const int CacheBlockSize = 64;
}
