using CoveJit.Fuzz.Harness;

namespace CoveJit.Fuzz.Generation;

/// <summary>Privilege a segment starts in.</summary>
public enum Privilege
{
    User = 0,
    Supervisor = 1,
    Machine = 3,
}

/// <summary>
/// A stretch of random code with everything it starts from: registers, CSRs, memory, page tables. Segments do not
/// depend on each other, so any one of them can be run, and reduced, alone.
/// </summary>
public sealed record Segment
{
    public const int TrapLimit = 200;

    public required IReadOnlyList<Item> Items { get; init; }

    public Privilege Start { get; init; } = Privilege.Machine;

    public ulong[] X { get; init; } = new ulong[32];

    public ulong[] F { get; init; } = new ulong[32];

    /// <summary>Initial mstatus without MPP (that is <see cref="Start"/>) and FS.</summary>
    public ulong Status { get; init; }

    public ulong Satp { get; init; }

    /// <summary>Initial values in the order of <see cref="DescriptorLayout.Csrs"/>.</summary>
    public ulong[] Csrs { get; init; } = new ulong[DescriptorLayout.Csrs.Length];

    public ulong[] PmpAddresses { get; init; } = new ulong[DescriptorLayout.PmpEntries];

    public ulong PmpConfiguration { get; init; }

    public IReadOnlyList<(ulong Address, int Words, ulong Seed)> Regions { get; init; } = [];

    public IReadOnlyList<(ulong Address, ulong Value)> PageTableEntries { get; init; } = [];

    public int InstructionCount => Items.Sum(i => i.Instructions.Count);
}
