using CoveJit.Memory.Translation;

namespace CoveJit.Memory.Bus;

/// <summary>What a checker says of a transaction on its way from a bus master to memory.</summary>
public enum DmaVerdict
{
    /// <summary>It goes on to memory.</summary>
    Pass,

    /// <summary>It is answered with a bus error.</summary>
    Refuse,

    /// <summary>It is answered as if it had succeeded: reads return zeroes, writes change nothing.</summary>
    Discard,
}

/// <summary>
/// A checker between bus masters and memory. Whatever makes a port for a bus master (a VirtIO slot, a PCIe root port) asks it, with the number by
/// which the checker knows that master. A master that makes atomic operations asks for the read, then for the write. Thread-safe.
/// </summary>
public interface IDmaChecker
{
    /// <summary>Longest transaction in bytes that a checker is asked about. Transactions do not cross a multiple of it either.</summary>
    const int LongestTransaction = 4096;

    /// <summary>Judges one transaction, and takes note of one that is illegal.</summary>
    /// <param name="requester">The bus master: the request role id (RRID) of an IOPMP.</param>
    /// <param name="address">Physical address of the first byte.</param>
    /// <param name="length">Bytes, 1 to <see cref="LongestTransaction"/>.</param>
    /// <param name="access">What the transaction does.</param>
    DmaVerdict Check(int requester, ulong address, int length, AccessType access);
}
