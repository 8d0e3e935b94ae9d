using System.Globalization;
using CoveJit.Harts;
using CoveJit.Harts.Traps;
using CoveJit.Machines.Loading;

namespace CoveJit.Machines.Tracing;

/// <summary>Writes each trap as one line (<c>--trace trap</c>).</summary>
/// <param name="report">Takes one line; called on any hart's thread.</param>
/// <param name="symbols">The running program's symbols, once they are known.</param>
internal sealed class TrapTrace(Action<string> report, Func<SymbolTable> symbols)
{
    /// <summary>Reports a trap that is about to be taken.</summary>
    public void Write(Hart hart, Trap trap)
    {
        string name = trap.IsInterrupt ? $"interrupt {trap.Cause}" : NameOf((TrapCause)trap.Cause);
        report(string.Create(
            CultureInfo.InvariantCulture,
            $"trap hart {hart.Id} {(hart.IsVirtual ? "Virtual" : string.Empty)}{hart.Privilege} {name} at {symbols().Symbolize(hart.Pc)} value 0x{trap.Value:x}{(IsGuestPageFault(trap) ? $" guest physical 0x{trap.GuestPhysical:x}" : string.Empty)}"));
    }

    private static bool IsGuestPageFault(in Trap trap) => !trap.IsInterrupt
        && (TrapCause)trap.Cause is TrapCause.InstructionGuestPageFault or TrapCause.LoadGuestPageFault or TrapCause.StoreGuestPageFault;

    private static string NameOf(TrapCause cause) =>
        Enum.IsDefined(cause) ? cause.ToString() : string.Create(CultureInfo.InvariantCulture, $"exception {(uint)cause}");
}
