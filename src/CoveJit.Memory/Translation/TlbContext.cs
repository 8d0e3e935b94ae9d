namespace CoveJit.Memory.Translation;

/// <summary>
/// What a TLB bank's entries depend on. Two contexts that differ have different banks, so switching between them flushes nothing.
/// Later extensions (V, VMID, SDID) widen it.
/// </summary>
/// <param name="AddressSpace">satp as written (mode, ASID, root), or 0 where translation is off.</param>
/// <param name="Modifiers">Privilege mode (bits 1:0), SUM (bit 2), MXR (bit 3) of the accesses.</param>
public readonly record struct TlbContext(ulong AddressSpace, uint Modifiers)
{
    /// <summary>A context no hart is ever in.</summary>
    public static TlbContext None { get; } = new(0, uint.MaxValue);

    /// <summary>The ASID field of satp.</summary>
    public uint Asid => (uint)(AddressSpace >> 44) & 0xFFFF;
}
