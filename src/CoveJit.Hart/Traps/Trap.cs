using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Traps;

/// <summary>A trap on its way to a handler.</summary>
/// <param name="Cause">Exception or interrupt code.</param>
/// <param name="IsInterrupt">Whether it is an interrupt.</param>
/// <param name="Value">What xtval receives: faulting address, instruction bits, or 0.</param>
public readonly record struct Trap(uint Cause, bool IsInterrupt, ulong Value)
{
    /// <summary>Whether <see cref="Value"/> is a guest virtual address: what the GVA bit receives.</summary>
    public bool IsGuestVirtual { get; init; }

    /// <summary>Of a guest-page fault the guest physical address, in bytes; otherwise 0. htval and mtval2 receive it, shifted right by 2.</summary>
    public ulong GuestPhysical { get; init; }

    /// <summary>Of a guest-page fault the implicit access of the VS-stage walk that caused it; null if it was the instruction's own access.</summary>
    public AccessType? ImplicitAccess { get; init; }

    /// <summary>Of an access fault whether the memory protection table refused the access, explicit or implicit. Not visible to software.</summary>
    public bool IsDeniedByTable { get; init; }

    /// <summary>An exception.</summary>
    public static Trap Exception(TrapCause cause, ulong value) => new((uint)cause, false, value);

    /// <summary>The value of xcause.</summary>
    public ulong CauseRegister => Cause | (IsInterrupt ? 1UL << 63 : 0);
}
