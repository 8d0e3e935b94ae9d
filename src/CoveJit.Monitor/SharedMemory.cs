using CoveJit.Harts;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Protection;

namespace CoveJit.Monitor;

/// <summary>Checks of memory and addresses that a supervisor names (SBI 3.0, "Shared memory physical address range parameter").</summary>
internal static class SharedMemory
{
    /// <summary>
    /// Whether all of a range is memory that the supervisor domain on a hart may access so: RAM. An empty range always is. The answer holds until the
    /// call that asks is over: whoever takes memory from the domain waits for the hart.
    /// </summary>
    public static bool IsAccessible(ManagedMonitor monitor, Hart hart, ulong low, ulong high, ulong length, MptPermissions permissions = MptPermissions.ReadWrite) =>
        length == 0
        || (high == 0 && hart.Map.Ram.Contains(low, length) && (monitor.Domains is null || monitor.Domains.Permits(hart.Sdid, low, length, permissions)));

    /// <summary>Whether a hart may start or resume at an address: an instruction's place in RAM.</summary>
    public static bool IsExecutable(GuestRam ram, ulong address) => (address & 1) == 0 && ram.Contains(address, 2);
}
