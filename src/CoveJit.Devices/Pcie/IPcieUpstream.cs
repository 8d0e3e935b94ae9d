namespace CoveJit.Devices.Pcie;

/// <summary>
/// The way of functions' memory requests to memory, seen from below. A bridge is one for what is behind it, the machine has the last one:
/// RAM, and the pages of interrupt files, where a write is a message-signalled interrupt. An IOMMU, an I/O MPT checker or an IDE link is one
/// that stands before another. Thread-safe; takes no lock of a function.
/// </summary>
public interface IPcieUpstream
{
    /// <summary>Reads memory; false is Unsupported Request or Completer Abort.</summary>
    bool TryRead(in PcieRequest request, ulong address, Span<byte> destination);

    /// <summary>Writes memory; false if the request was refused (a real function is not told: writes are posted).</summary>
    bool TryWrite(in PcieRequest request, ulong address, ReadOnlySpan<byte> source);
}
