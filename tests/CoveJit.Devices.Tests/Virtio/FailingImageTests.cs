using CoveJit.Devices.Virtio.Block;

namespace CoveJit.Devices.Tests.Virtio;

public sealed class FailingImageTests
{
    [Fact]
    public void Each_Nth_read_or_write_fails_and_has_no_effect()
    {
        MemoryImage memory = new();
        using FailingImage image = new(memory, 3);
        bool[] done = [.. Enumerable.Range(0, 9).Select(i => i % 2 == 0 ? image.TryWrite(512 * i, [1]) : image.TryRead(0, new byte[1]))];
        Assert.Equal([true, true, false, true, true, false, true, true, false], done);
        Assert.Equal([0L, 2048, 3072], memory.Written);
        Assert.True(image.TryFlush() && image.TryDiscard(0, 512) && image.TryWriteZeroes(0, 512, false));
    }

    private sealed class MemoryImage : IBlockBackend
    {
        public List<long> Written { get; } = [];

        public long Size => 1 << 20;

        public bool IsReadOnly => false;

        public bool TryRead(long offset, Span<byte> destination) => true;

        public bool TryWrite(long offset, ReadOnlySpan<byte> source)
        {
            Written.Add(offset);
            return true;
        }

        public bool TryFlush() => true;

        public bool TryDiscard(long offset, long length) => true;

        public bool TryWriteZeroes(long offset, long length, bool mayUnmap) => true;

        public void Dispose()
        {
        }
    }
}
