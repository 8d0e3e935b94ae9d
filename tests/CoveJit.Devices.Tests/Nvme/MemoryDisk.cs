using CoveJit.Devices.Virtio.Block;

namespace CoveJit.Devices.Tests.Nvme;

/// <summary>An image in memory, that can be told to fail.</summary>
internal sealed class MemoryDisk(int size, bool readOnly = false) : IBlockBackend
{
    public byte[] Bytes { get; } = new byte[size];

    public bool Fails { get; set; }

    public int Flushes { get; private set; }

    public long Size => Bytes.Length;

    public bool IsReadOnly => readOnly;

    public bool TryRead(long offset, Span<byte> destination)
    {
        Bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
        return !Fails;
    }

    public bool TryWrite(long offset, ReadOnlySpan<byte> source)
    {
        Assert.False(readOnly);
        source.CopyTo(Bytes.AsSpan((int)offset));
        return !Fails;
    }

    public bool TryFlush()
    {
        Flushes++;
        return !Fails;
    }

    public bool TryDiscard(long offset, long length) => TryWriteZeroes(offset, length, true);

    public bool TryWriteZeroes(long offset, long length, bool mayUnmap)
    {
        Assert.False(readOnly);
        Bytes.AsSpan((int)offset, (int)length).Clear();
        return !Fails;
    }

    public void Dispose()
    {
    }
}
