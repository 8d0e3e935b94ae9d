namespace CoveJit.Devices.Virtio;

/// <summary>Entropy device (VirtIO 1.2, section 5.4): fills the buffers of its one queue.</summary>
/// <param name="name">Name for errors and statistics.</param>
/// <param name="source">Where the bytes come from.</param>
public sealed class VirtioRng(string name, IEntropySource source) : VirtioDevice(name, VirtioDeviceId.Entropy, QueueSize)
{
    private const ushort QueueSize = 64;

    // A shorter answer than asked for is allowed, so one request cannot cost more than this.
    private const int MaxAnswer = 4096;

    private readonly byte[] _buffer = new byte[MaxAnswer];

    /// <inheritdoc/>
    public override ulong DeviceFeatures => 0;

    /// <inheritdoc/>
    public override void ReadConfiguration(int offset, Span<byte> destination) => destination.Clear();

    /// <inheritdoc/>
    public override void Notify(int queue) => Drain(queue);

    /// <inheritdoc/>
    protected override uint Serve(int queue, DescriptorChain chain)
    {
        Span<byte> answer = _buffer.AsSpan(0, (int)Math.Min(chain.WritableLeft, MaxAnswer));
        source.Fill(answer);
        chain.TryWrite(answer);
        return chain.Written;
    }
}
