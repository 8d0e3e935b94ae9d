namespace CoveJit.Devices.Virtio.Net;

/// <summary>A network a card is plugged into.</summary>
public interface INetworkBackend : IDisposable
{
    /// <summary>Plugs a card in; called once, by the card.</summary>
    void Connect(IFrameSink sink);

    /// <summary>Takes one frame from the guest; drops it when there is no room. Must not wait for <see cref="IFrameSink.Receive"/> on another thread: the card's gate is held.</summary>
    void Send(ReadOnlySpan<byte> frame);
}
