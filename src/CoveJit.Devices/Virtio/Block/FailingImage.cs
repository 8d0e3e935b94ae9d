namespace CoveJit.Devices.Virtio.Block;

/// <summary>Storage of which some reads and writes fail, as if the medium had: what error handling is tried with. What fails has had no effect.</summary>
/// <param name="image">The storage; this one's to dispose.</param>
/// <param name="period">Every how many reads and writes one fails, at least 2.</param>
public sealed class FailingImage(IBlockBackend image, int period) : IBlockBackend
{
    private readonly int _period = period >= 2 ? period : throw new ArgumentOutOfRangeException(nameof(period), period, "every access would fail");
    private int _accesses;

    /// <inheritdoc/>
    public long Size => image.Size;

    /// <inheritdoc/>
    public bool IsReadOnly => image.IsReadOnly;

    /// <inheritdoc/>
    public bool TryRead(long offset, Span<byte> destination) => !Fails() && image.TryRead(offset, destination);

    /// <inheritdoc/>
    public bool TryWrite(long offset, ReadOnlySpan<byte> source) => !Fails() && image.TryWrite(offset, source);

    /// <inheritdoc/>
    public bool TryFlush() => image.TryFlush();

    /// <inheritdoc/>
    public bool TryDiscard(long offset, long length) => image.TryDiscard(offset, length);

    /// <inheritdoc/>
    public bool TryWriteZeroes(long offset, long length, bool mayUnmap) => image.TryWriteZeroes(offset, length, mayUnmap);

    /// <inheritdoc/>
    public void Dispose() => image.Dispose();

    private bool Fails() => (uint)Interlocked.Increment(ref _accesses) % (uint)_period == 0;
}
