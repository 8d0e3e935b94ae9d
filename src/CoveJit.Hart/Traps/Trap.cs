namespace CoveJit.Harts.Traps;

/// <summary>A trap on its way to a handler.</summary>
/// <param name="Cause">Exception or interrupt code.</param>
/// <param name="IsInterrupt">Whether it is an interrupt.</param>
/// <param name="Value">What xtval receives: faulting address, instruction bits, or 0.</param>
public readonly record struct Trap(uint Cause, bool IsInterrupt, ulong Value)
{
    /// <summary>An exception.</summary>
    public static Trap Exception(TrapCause cause, ulong value) => new((uint)cause, false, value);

    /// <summary>The value of xcause.</summary>
    public ulong CauseRegister => Cause | (IsInterrupt ? 1UL << 63 : 0);
}
