namespace CoveJit.Devices.Virtio.Net;

/// <summary>A cable from the card to itself: every frame sent comes back.</summary>
public sealed class LoopbackBackend : INetworkBackend
{
    private IFrameSink? _sink;

    /// <inheritdoc/>
    public void Connect(IFrameSink sink) => _sink = sink;

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<byte> frame) => _sink?.Receive(frame);

    /// <summary>Unplugs the cable.</summary>
    public void Dispose() => _sink = null;
}
