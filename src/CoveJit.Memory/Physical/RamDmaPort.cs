using CoveJit.Memory.Bus;

namespace CoveJit.Memory.Physical;

/// <summary>A DMA port straight to RAM: the requester is behind no IOMMU. Writes discard decoded code like a hart's stores.</summary>
/// <param name="ram">The guest's RAM.</param>
public sealed class RamDmaPort(GuestRam ram) : IAtomicDmaPort
{
    /// <inheritdoc/>
    public bool TryRead(ulong address, Span<byte> destination) => ram.TryRead(address, destination);

    /// <inheritdoc/>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source) => ram.TryWrite(address, source);

    /// <inheritdoc/>
    public unsafe bool TryCompareExchange(ulong address, ulong expected, ulong desired, out bool exchanged)
    {
        exchanged = false;
        if (!ram.Contains(address, sizeof(ulong)) || address % sizeof(ulong) != 0)
        {
            return false;
        }

        exchanged = Interlocked.CompareExchange(ref *(ulong*)ram.HostAddress(address), desired, expected) == expected;
        if (exchanged)
        {
            ram.NotifyWrite(address, sizeof(ulong));
        }

        return true;
    }
}
