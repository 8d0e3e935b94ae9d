namespace CoveJit.Memory.Bus;

/// <summary>A way to memory for those that keep tables there, whose entries they change while others do too: an IOMMU.</summary>
public interface IAtomicDmaPort : IDmaPort
{
    /// <summary>Atomically replaces 8 bytes, naturally aligned, if they still have a value; false if the access is refused.</summary>
    bool TryCompareExchange(ulong address, ulong expected, ulong desired, out bool exchanged);
}
