namespace CoveJit.Tsm.Guests;

/// <summary>What a TVM's G-stage page table says of an address.</summary>
/// <param name="State">Whether it is mapped.</param>
/// <param name="Address">Supervisor physical address that the mapping begins at.</param>
/// <param name="GuestAddress">Guest physical address that it begins at; where nothing is mapped, the start of the hole.</param>
/// <param name="Level">0 for 4 KiB, 1 for 2 MiB, 2 for 1 GiB; where nothing is mapped, the level whose entry is empty.</param>
/// <param name="Kind">What it is that is mapped.</param>
internal readonly record struct GuestLeaf(LeafState State, ulong Address, ulong GuestAddress, int Level, LeafKind Kind)
{
    /// <summary>Whether it is memory of the host's.</summary>
    public bool IsShared => Kind == LeafKind.Shared;

    /// <summary>Whether it is an interrupt file.</summary>
    public bool IsInterruptFile => Kind == LeafKind.InterruptFile;

    /// <summary>Whether it is memory of a device interface, which is blocked unless the interface runs.</summary>
    public bool IsDevice => Kind == LeafKind.Device;

    /// <summary>Bytes.</summary>
    public ulong Size => 1UL << (12 + (9 * Level));

    /// <summary>Pages of 4 KiB.</summary>
    public ulong Pages => Size >> 12;
}

/// <summary>States of a mapping (CoVE, "TVM page mapping states").</summary>
internal enum LeafState
{
    /// <summary>Nothing is mapped.</summary>
    Absent,

    /// <summary>Mapped.</summary>
    Present,

    /// <summary>Taken away for the time being (<c>tvm_invalidate_pages</c>); the page still belongs to the place.</summary>
    Blocked,
}

/// <summary>What is mapped.</summary>
internal enum LeafKind
{
    /// <summary>The TVM's own memory.</summary>
    Confidential,

    /// <summary>Memory of the host's.</summary>
    Shared,

    /// <summary>A guest interrupt file that a vCPU is bound to.</summary>
    InterruptFile,

    /// <summary>Memory of a device interface.</summary>
    Device,
}
