using CoveJit.Memory.Bus;

namespace CoveJit.Memory.Physical;

/// <summary>A DMA port straight to RAM: the requester is behind no IOMMU. Writes discard decoded code like a hart's stores.</summary>
/// <param name="ram">The guest's RAM.</param>
public sealed class RamDmaPort(GuestRam ram) : IDmaPort
{
    /// <inheritdoc/>
    public bool TryRead(ulong address, Span<byte> destination) => ram.TryRead(address, destination);

    /// <inheritdoc/>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source) => ram.TryWrite(address, source);
}
