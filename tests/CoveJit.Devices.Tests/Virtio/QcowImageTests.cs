using System.Buffers.Binary;
using System.Diagnostics;
using CoveJit.Devices.Virtio.Block;

namespace CoveJit.Devices.Tests.Virtio;

public sealed class QcowImageTests : IDisposable
{
    private const int ClusterSize = 512;
    private readonly string _directory = Directory.CreateTempSubdirectory("covejit-qcow").FullName;

    private string Image => Path.Combine(_directory, "disk.qcow2");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [NeedsFact("qemu-img")]
    public void Images_made_by_qemu_img_read_as_their_source()
    {
        byte[] content = new byte[3 << 20];
        Random random = new(5);
        for (int at = 0; at + 65536 <= content.Length; at += 65536)
        {
            switch (random.Next(3))
            {
                case 0:
                    random.NextBytes(content.AsSpan(at, 65536));
                    break;
                case 1:
                    content.AsSpan(at, 65536).Fill((byte)random.Next(256));
                    break;
                default:
                    break;
            }
        }

        string raw = Path.Combine(_directory, "disk.raw");
        File.WriteAllBytes(raw, content);
        foreach (string options in new[] { "", "-c", "-o compat=0.10", "-o cluster_size=512", "-c -o cluster_size=2M" })
        {
            QemuImg($"convert -f raw -O qcow2 {options} {raw} {Image}");
            Check(content, options);
        }

        // An overlay on an overlay, larger than what it lies on.
        QemuImg($"create -f qcow2 -b disk.raw -F raw {Path.Combine(_directory, "middle.qcow2")}");
        QemuImg($"create -f qcow2 -b middle.qcow2 -F qcow2 {Image} 4M");
        byte[] larger = new byte[4 << 20];
        content.CopyTo(larger, 0);
        Check(larger, "backing");
    }

    [Fact]
    public void Qcow_images_are_not_opened_for_writing()
    {
        File.WriteAllBytes(Image, HandMade());
        IOException error = Assert.Throws<IOException>(() => DiskImage.Open(Image, readOnly: false));
        Assert.Contains("qemu-img convert", error.Message, StringComparison.Ordinal);
        using IBlockBackend image = DiskImage.Open(Image, readOnly: true);
        byte[] data = new byte[1024];
        Assert.True(image.TryRead(0, data));
        Assert.All(data[..512], b => Assert.Equal(0x77, b));
        Assert.All(data[512..], b => Assert.Equal(0, b));
    }

    [Fact]
    public void A_guest_cannot_turn_its_raw_disk_into_qcow2()
    {
        File.WriteAllBytes(Image, new byte[4096]);
        using IBlockBackend image = DiskImage.Open(Image, readOnly: false);
        Assert.False(image.TryWrite(0, HandMade().AsSpan(0, 512)));
        Assert.True(image.TryWrite(512, HandMade().AsSpan(0, 512)));
    }

    [Theory]
    [InlineData(4, 4u, "damaged header")]
    [InlineData(20, 60u, "damaged header")]
    [InlineData(28, 0u, "damaged header")]
    [InlineData(24, 0x0000_ffffu, "L1 table")]
    [InlineData(32, 1u, "encrypted")]
    [InlineData(36, 0u, "L1 table")]
    [InlineData(44, 0x00ff_0000u, "truncated")]
    [InlineData(76, 4u, "qemu-img convert")]
    [InlineData(12, 0xffff_0000u, "backing file name")]
    public void Damaged_headers_are_refused_with_the_mend(int offset, uint value, string mend)
    {
        byte[] image = HandMade();
        BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(offset), value);
        File.WriteAllBytes(Image, image);
        IOException error = Assert.Throws<IOException>(() => QcowImage.Open(Image));
        Assert.Contains(mend, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_damage_and_truncation_give_errors_but_no_other_exception()
    {
        Random random = new(11);
        byte[] data = new byte[512];
        for (int i = 0; i < 2000; i++)
        {
            byte[] image = HandMade();
            for (int j = random.Next(1, 6); j > 0; j--)
            {
                image[random.Next(random.Next(2) == 0 ? 112 : image.Length)] = (byte)random.Next(256);
            }

            File.WriteAllBytes(Image, image[..(random.Next(4) == 0 ? random.Next(image.Length) : image.Length)]);
            try
            {
                using QcowImage opened = QcowImage.Open(Image);
                for (long at = 0; at < Math.Min(opened.Size, 8192); at += 512)
                {
                    opened.TryRead(at, data);
                }
            }
            catch (IOException)
            {
                // Refused at open.
            }
        }
    }

    /// <summary>Header, L1 (one entry), L2 and one data cluster, of 512 bytes each; 8 KiB of disk.</summary>
    private static byte[] HandMade()
    {
        byte[] image = new byte[4 * ClusterSize];
        Span<byte> h = image;
        BinaryPrimitives.WriteUInt32BigEndian(h, 0x514649fb);
        BinaryPrimitives.WriteUInt32BigEndian(h[4..], 3);
        BinaryPrimitives.WriteUInt32BigEndian(h[20..], 9);
        BinaryPrimitives.WriteUInt64BigEndian(h[24..], 8192);
        BinaryPrimitives.WriteUInt32BigEndian(h[36..], 1);
        BinaryPrimitives.WriteUInt64BigEndian(h[40..], ClusterSize);
        BinaryPrimitives.WriteUInt32BigEndian(h[100..], 104);
        BinaryPrimitives.WriteUInt64BigEndian(h[ClusterSize..], 1UL << 63 | 2 * ClusterSize);
        BinaryPrimitives.WriteUInt64BigEndian(h[(2 * ClusterSize)..], 1UL << 63 | 3 * ClusterSize);
        h[(3 * ClusterSize)..].Fill(0x77);
        return image;
    }

    private void Check(byte[] content, string what)
    {
        using IBlockBackend image = DiskImage.Open(Image, readOnly: true);
        Assert.Equal(content.Length, image.Size);
        byte[] read = new byte[content.Length];
        int step = 100 * 512; // Parts straddle clusters.
        for (int at = 0; at < read.Length; at += step)
        {
            Assert.True(image.TryRead(at, read.AsSpan(at, Math.Min(step, read.Length - at))), what);
        }

        Assert.True(content.AsSpan().SequenceEqual(read), what);
    }

    private static void QemuImg(string arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("qemu-img", arguments) { RedirectStandardOutput = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
