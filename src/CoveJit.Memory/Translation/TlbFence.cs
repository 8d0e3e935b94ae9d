namespace CoveJit.Memory.Translation;

/// <summary>What a fence makes a TLB forget. Null stands for all.</summary>
/// <param name="Sdid">The supervisor domain: all but MFENCE.PA reach only the current one's.</param>
/// <param name="IsVirtual">Whether translations of guests are meant (V = 1), or those of HS-, U- and M-mode.</param>
/// <param name="Vmid">The virtual machine; only with <paramref name="IsVirtual"/>.</param>
/// <param name="Asid">The address space.</param>
/// <param name="Address">A virtual address: everything that the mapping with it covers.</param>
public readonly record struct TlbFence(uint? Sdid, bool? IsVirtual, uint? Vmid, uint? Asid, ulong? Address)
{
    /// <summary>SFENCE.VMA with V = 0.</summary>
    public static TlbFence Supervisor(ulong? address, uint? asid, uint sdid = 0) => new(sdid, false, null, asid, address);

    /// <summary>SFENCE.VMA with V = 1, and HFENCE.VVMA: of the VS-stage of one virtual machine.</summary>
    public static TlbFence GuestVirtual(uint vmid, ulong? address, uint? asid, uint sdid = 0) => new(sdid, true, vmid, asid, address);

    /// <summary>
    /// HFENCE.GVMA. Entries lead from guest virtual to supervisor physical addresses and do not know the guest physical one between them, so the
    /// fence of one guest physical address is that of all.
    /// </summary>
    public static TlbFence GuestPhysical(uint? vmid, uint sdid = 0) => new(sdid, true, vmid, null, null);

    /// <summary>
    /// MFENCE.PA. Entries do not know which entry of a memory protection table permitted them, or how much it covered, so the fence of one physical
    /// address is that of all.
    /// </summary>
    public static TlbFence Domain(uint? sdid) => new(sdid, null, null, null, null);

    /// <summary>Whether a context's entries are among those meant.</summary>
    public bool Covers(in TlbContext context) =>
        context != TlbContext.None
        && (Sdid is not uint sdid || context.Sdid == sdid)
        && (IsVirtual is not bool isVirtual || context.IsVirtual == isVirtual)
        && (Vmid is not uint vmid || context.Vmid == vmid)
        && (Asid is not uint asid || context.Asid == asid);
}
