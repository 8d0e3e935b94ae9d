namespace CoveJit.Devices.Virtio.Net;

/// <summary>Takes Ethernet frames that come from a network.</summary>
public interface IFrameSink
{
    /// <summary>Takes one frame without its checksum; drops it when there is no room. Thread-safe.</summary>
    void Receive(ReadOnlySpan<byte> frame);
}
