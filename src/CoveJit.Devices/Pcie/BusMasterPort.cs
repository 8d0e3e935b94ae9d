using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Pcie;

/// <summary>A function's only way to memory. It stamps requests with the function's identity, and sends none while Bus Master Enable is clear.</summary>
public sealed class BusMasterPort : IDmaPort
{
    private readonly PcieFunction _function;

    internal BusMasterPort(PcieFunction function) => _function = function;

    /// <summary>The T bit of the function's requests: set while its device interface is in TDISP's RUN.</summary>
    public bool Trusted { get; set; }

    /// <summary>Whether the function sends no requests at all: its device interface is in TDISP's ERROR.</summary>
    public bool IsStopped { get; set; }

    private bool MaySend => _function.IsBusMaster && !IsStopped;

    private PcieRequest Request => new(_function.RequesterId, Trusted: Trusted);

    /// <inheritdoc/>
    public bool TryRead(ulong address, Span<byte> destination) =>
        MaySend && _function.Bus is { } bus && bus.Upstream.TryRead(Request, address, destination);

    /// <inheritdoc/>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source) =>
        MaySend && _function.Bus is { } bus && bus.Upstream.TryWrite(Request, address, source);
}
