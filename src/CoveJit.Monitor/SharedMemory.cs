using CoveJit.Memory.Physical;

namespace CoveJit.Monitor;

/// <summary>Checks of memory and addresses that a supervisor names (SBI 3.0, "Shared memory physical address range parameter").</summary>
internal static class SharedMemory
{
    /// <summary>Whether all of a range is memory that S-mode may read and write: RAM. An empty range always is.</summary>
    public static bool IsAccessible(GuestRam ram, ulong low, ulong high, ulong length) =>
        length == 0 || (high == 0 && ram.Contains(low, length));

    /// <summary>Whether a hart may start or resume at an address: an instruction's place in RAM.</summary>
    public static bool IsExecutable(GuestRam ram, ulong address) => (address & 1) == 0 && ram.Contains(address, 2);
}
