namespace CoveJit.Devices.Virtio.Block;

/// <summary>Storage behind a block device. Offsets and lengths are in bytes, multiples of 512 and within <see cref="Size"/>; the device has checked them.</summary>
/// <remarks>Failures of the host (disk full, I/O error) are false, never exceptions: a guest can provoke them at will.</remarks>
public interface IBlockBackend : IDisposable
{
    /// <summary>Size in bytes, a multiple of 512.</summary>
    long Size { get; }

    /// <summary>Whether writes are refused.</summary>
    bool IsReadOnly { get; }

    /// <summary>Reads; false if the host failed.</summary>
    bool TryRead(long offset, Span<byte> destination);

    /// <summary>Writes; false if the host failed.</summary>
    bool TryWrite(long offset, ReadOnlySpan<byte> source);

    /// <summary>Makes completed writes durable.</summary>
    bool TryFlush();

    /// <summary>Gives up the contents of a range; a hint, true also if the host cannot.</summary>
    bool TryDiscard(long offset, long length);

    /// <summary>Makes a range read as zeroes, freeing it on the host if <paramref name="mayUnmap"/>.</summary>
    bool TryWriteZeroes(long offset, long length, bool mayUnmap);
}
