namespace CoveJit.Memory.Translation;

/// <summary>
/// What a TLB bank's entries depend on. Two contexts that differ have different banks, so switching between them flushes nothing: not between
/// processes, not between a guest and its hypervisor, and not between supervisor domains.
/// </summary>
/// <param name="AddressSpace">satp, or under V vsatp, as written (mode, ASID, root); 0 where there is no such translation.</param>
/// <param name="GuestSpace">hgatp as written (mode, VMID, root) under V; otherwise 0.</param>
/// <param name="Modifiers">Privilege mode (bits 1:0) and bits that change what page tables mean; the hart's to choose, but for <see cref="VirtualBit"/>.</param>
/// <param name="ProtectionTable">mmpt as written (mode, SDID, root); 0 in M-mode, which it does not guard.</param>
/// <param name="Sdid">The SDID field of it: ASIDs and VMIDs are a supervisor domain's own.</param>
public readonly record struct TlbContext(ulong AddressSpace, ulong GuestSpace, uint Modifiers, ulong ProtectionTable = 0, uint Sdid = 0)
{
    /// <summary>Bit of <see cref="Modifiers"/>: the accesses are made with V = 1, through both stages.</summary>
    public const uint VirtualBit = 1 << 2;

    /// <summary>A context no hart is ever in.</summary>
    public static TlbContext None { get; } = new(0, 0, uint.MaxValue);

    /// <summary>Whether this is a guest's.</summary>
    public bool IsVirtual => (Modifiers & VirtualBit) != 0;

    /// <summary>The ASID field of satp or vsatp.</summary>
    public uint Asid => (uint)(AddressSpace >> 44) & 0xFFFF;

    /// <summary>The VMID field of hgatp.</summary>
    public uint Vmid => (uint)(GuestSpace >> 44) & 0x3FFF;
}
