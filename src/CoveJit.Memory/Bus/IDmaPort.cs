namespace CoveJit.Memory.Bus;

/// <summary>
/// A device's only way to memory. Every access passes the IOMMU, the I/O MPT and the window rules of the port's requester;
/// a device never holds a pointer to guest RAM. Thread-safe. An access is all or nothing only per page.
/// </summary>
public interface IDmaPort
{
    /// <summary>Reads memory at a device-visible address; false if any byte is refused or not memory.</summary>
    bool TryRead(ulong address, Span<byte> destination);

    /// <summary>Writes memory at a device-visible address; false if any byte is refused or not memory.</summary>
    bool TryWrite(ulong address, ReadOnlySpan<byte> source);
}
