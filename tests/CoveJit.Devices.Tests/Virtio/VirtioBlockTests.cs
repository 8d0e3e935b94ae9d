using System.Buffers.Binary;
using System.Text;
using CoveJit.Devices.Virtio.Block;

namespace CoveJit.Devices.Tests.Virtio;

public sealed class VirtioBlockTests : IDisposable
{
    private const ulong Header = TestDriver.Data;
    private const ulong Status = TestDriver.Data + 0x40;
    private const ulong Payload = TestDriver.Data + 0x1000;
    private const ulong FeatureConfigWce = 1 << 11;

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"covejit-{Guid.NewGuid():N}.img");

    public VirtioBlockTests()
    {
        File.WriteAllBytes(_path, new byte[1 << 20]);
    }

    public static TheoryData<bool, bool> Rings => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    public void Dispose() => File.Delete(_path);

    [Theory]
    [MemberData(nameof(Rings))]
    public void What_is_written_is_read_back_and_lies_in_the_file(bool packed, bool indirect)
    {
        byte[] mirror = new byte[1 << 20];
        Random random = new(42);
        using (RawImage image = RawImage.Open(_path, readOnly: false))
        {
            TestDriver driver = new TestDriver(new VirtioBlock("blk0", image)).Start(packed);
            byte[] data = new byte[256 * 512];
            for (int i = 0; i < 200; i++)
            {
                int sectors = random.Next(1, 257);
                int sector = random.Next(0, 2048 - sectors + 1);
                int length = sectors * 512;
                Span<byte> guest = driver.Ram.At(Payload, length);
                if (random.Next(2) == 0)
                {
                    random.NextBytes(data);
                    data.AsSpan(0, length).CopyTo(guest);
                    data.AsSpan(0, length).CopyTo(mirror.AsSpan(sector * 512));
                    Assert.Equal(0, Request(driver, indirect, 1, (ulong)sector, length, writable: false, out uint written));
                    Assert.Equal(1u, written);
                }
                else
                {
                    guest.Fill(0xee);
                    Assert.Equal(0, Request(driver, indirect, 0, (ulong)sector, length, writable: true, out uint written));
                    Assert.Equal((uint)length + 1, written);
                    Assert.True(guest.SequenceEqual(mirror.AsSpan(sector * 512, length)));
                }
            }

            Assert.Equal(0, Request(driver, indirect, 4, 0, 0, writable: false, out _));
            Assert.Empty(driver.Reports);
        }

        Assert.Equal(mirror, File.ReadAllBytes(_path));
    }

    [Fact]
    public void Discard_and_write_zeroes_clear_exactly_their_range()
    {
        byte[] content = new byte[1 << 20];
        Array.Fill(content, (byte)0xa5);
        File.WriteAllBytes(_path, content);
        using (RawImage image = RawImage.Open(_path, readOnly: false))
        {
            TestDriver driver = new TestDriver(new VirtioBlock("blk0", image)).Start();
            Assert.Equal(0, Ranges(driver, 13, new SectorRange(8, 16, 0), new SectorRange(1000, 1, 1)));
            Assert.Equal(0, Ranges(driver, 11, new SectorRange(256, 64, 0)));
            Assert.Equal(2, Ranges(driver, 11, new SectorRange(0, 1, 1)));
            Assert.Equal(2, Ranges(driver, 13, new SectorRange(0, 1, 2)));
            Assert.Equal(1, Ranges(driver, 13, new SectorRange(2047, 2, 0)));
            Assert.Equal(1, Ranges(driver, 11, new SectorRange(ulong.MaxValue, 2, 0)));
            Assert.Empty(driver.Reports);
        }

        content.AsSpan(8 * 512, 16 * 512).Clear();
        content.AsSpan(1000 * 512, 512).Clear();
        byte[] file = File.ReadAllBytes(_path);
        file.AsSpan(256 * 512, 64 * 512).CopyTo(content.AsSpan(256 * 512)); // A discard may or may not clear.
        Assert.Equal(content, file);
    }

    [Theory]
    [InlineData(0u, 2047ul, 1024, true, 1)] // past the end
    [InlineData(0u, ulong.MaxValue, 512, true, 1)]
    [InlineData(1u, 2048ul, 512, false, 1)]
    [InlineData(0u, 0ul, 100, true, 1)] // not whole sectors
    [InlineData(99u, 0ul, 512, true, 2)]
    [InlineData(0u, 2047ul, 512, true, 0)]
    public void Bad_requests_get_a_status_and_the_device_lives_on(uint type, ulong sector, int length, bool writable, byte expected)
    {
        using RawImage image = RawImage.Open(_path, readOnly: false);
        TestDriver driver = new TestDriver(new VirtioBlock("blk0", image)).Start();
        Assert.Equal(expected, Request(driver, false, type, sector, length, writable, out _));
        Assert.Empty(driver.Reports);
    }

    [Fact]
    public void A_request_without_room_for_its_status_needs_a_reset()
    {
        using RawImage image = RawImage.Open(_path, readOnly: false);
        TestDriver driver = new TestDriver(new VirtioBlock("blk0", image)).Start();
        driver.Queues[0].Add(false, new Part(Header, 16));
        driver.Kick(0);
        Assert.Contains("0 writable", Assert.Single(driver.Reports), StringComparison.Ordinal);
    }

    [Fact]
    public void A_read_only_disk_says_so_and_refuses_writes()
    {
        using RawImage image = RawImage.Open(_path, readOnly: true);
        TestDriver driver = new(new VirtioBlock("blk0", image));
        Assert.NotEqual(0ul, driver.Offered() & (1 << 5));
        Assert.Equal(0ul, driver.Offered() & (1 << 13));
        driver.Start();
        Assert.Equal(1, Request(driver, false, 1, 0, 512, writable: false, out _));
        Assert.Equal(2, Ranges(driver, 13, new SectorRange(0, 1, 0)));
        Assert.Equal(0, Request(driver, false, 4, 0, 0, writable: false, out _));
    }

    [Fact]
    public void Writes_are_flushed_one_by_one_when_the_cache_is_write_through()
    {
        CountingBackend backend = new();
        TestDriver driver = new TestDriver(new VirtioBlock("blk0", backend)).Start();
        Request(driver, false, 1, 0, 512, writable: false, out _);
        Assert.Equal(0, backend.Flushes);
        Assert.True(driver.Mmio.TryWrite(0x120, 1, 0));
        Request(driver, false, 1, 0, 512, writable: false, out _);
        Assert.Equal(1, backend.Flushes);
        driver.Start(without: FeatureConfigWce | 1 << 9); // Neither CONFIG_WCE nor FLUSH.
        Request(driver, false, 1, 0, 512, writable: false, out _);
        Assert.Equal(2, backend.Flushes);
        backend.Failing = true;
        Assert.Equal(1, Request(driver, false, 1, 0, 512, writable: false, out _));
        Assert.Equal(1, Request(driver, false, 0, 0, 512, writable: true, out _));
        Assert.Equal(1, Request(driver, false, 4, 0, 0, writable: false, out _));
    }

    [Fact]
    public void Configuration_and_serial_number_are_readable()
    {
        using RawImage image = RawImage.Open(_path, readOnly: false);
        TestDriver driver = new TestDriver(new VirtioBlock("blk0", image, "disk-0001")).Start();
        Assert.Equal(2048u, driver.Read(0x100));
        Assert.Equal(0u, driver.Read(0x104));
        Assert.Equal(254u, driver.Read(0x10c));
        Assert.Equal(512u, driver.Read(0x114));
        Assert.Equal(0u, driver.Read(0xffc));
        Assert.Equal(0, Request(driver, false, 8, 0, 20, writable: true, out _));
        Assert.Equal("disk-0001", Encoding.ASCII.GetString(driver.Ram.At(Payload, 20)).TrimEnd('\0'));
    }

    [Theory]
    [InlineData(0, "is empty")]
    [InlineData(513, "truncate -s %512")]
    public void An_image_of_odd_size_is_refused_with_the_mend(int size, string mend)
    {
        File.WriteAllBytes(_path, new byte[size]);
        IOException error = Assert.Throws<IOException>(() => RawImage.Open(_path, readOnly: false));
        Assert.Contains(mend, error.Message, StringComparison.Ordinal);
        Assert.Contains(_path, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_request_allocates_nothing(bool packed)
    {
        using RawImage image = RawImage.Open(_path, readOnly: false);
        TestDriver driver = new TestDriver(new VirtioBlock("blk0", image)).Start(packed, eventIndex: true);
        long Run(int count)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < count; i++)
            {
                Request(driver, false, (uint)(i & 1), (ulong)(i % 1000), 4096, (i & 1) == 0, out _);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Run(100);
        Assert.Equal(0, Allocation.LeastOf(5, () => Run(1000)));
    }

    internal static byte Request(TestDriver driver, bool indirect, uint type, ulong sector, int length, bool writable, out uint written)
    {
        driver.Ram.Set32(Header, type);
        driver.Ram.Set64(Header + 8, sector);
        driver.Ram.At(Status, 1)[0] = 0xff;
        uint half = (uint)length / 2;
        if (length == 0)
        {
            driver.Queues[0].Add(indirect, new Part(Header, 16), new Part(Status, 1, true));
        }
        else
        {
            driver.Queues[0].Add(
                indirect, new Part(Header, 16), new Part(Payload, half, writable), new Part(Payload + half, (uint)length - half, writable), new Part(Status, 1, true));
        }

        driver.Kick(0);
        if (!driver.Queues[0].TryTakeUsed(out _, out written))
        {
            Assert.Fail("no answer");
        }

        return driver.Ram.At(Status, 1)[0];
    }

    private readonly record struct SectorRange(ulong Sector, uint Count, uint Flags);

    private static byte Ranges(TestDriver driver, uint type, params ReadOnlySpan<SectorRange> ranges)
    {
        Span<byte> bytes = driver.Ram.At(Payload, ranges.Length * 16);
        for (int i = 0; i < ranges.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[(i * 16)..], ranges[i].Sector);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[(i * 16 + 8)..], ranges[i].Count);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[(i * 16 + 12)..], ranges[i].Flags);
        }

        return Request(driver, false, type, 0, bytes.Length, writable: false, out _);
    }

    private sealed class CountingBackend : IBlockBackend
    {
        public int Flushes { get; private set; }

        public bool Failing { get; set; }

        public long Size => 1 << 20;

        public bool IsReadOnly => false;

        public bool TryRead(long offset, Span<byte> destination) => !Failing;

        public bool TryWrite(long offset, ReadOnlySpan<byte> source) => !Failing;

        public bool TryFlush()
        {
            Flushes++;
            return !Failing;
        }

        public bool TryDiscard(long offset, long length) => !Failing;

        public bool TryWriteZeroes(long offset, long length, bool mayUnmap) => !Failing;

        public void Dispose()
        {
        }
    }
}
