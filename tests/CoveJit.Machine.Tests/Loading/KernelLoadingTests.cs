using System.Text;
using CoveJit.Machines.Loading;

namespace CoveJit.Machines.Tests.Loading;

public sealed class KernelLoadingTests
{
    private const ulong Address = 0x80200000;

    public static TheoryData<string> Packings => ["plain", "gzip", "zboot"];

    [Theory]
    [MemberData(nameof(Packings))]
    public void An_image_is_loaded_however_it_is_packed(string packing)
    {
        byte[] image = Samples.LinuxImage();
        byte[] packed = packing switch
        {
            "gzip" => Samples.Gzip(image),
            "zboot" => Samples.Zboot(Samples.Gzip(image), "gzip"),
            _ => image,
        };
        FakeMemory memory = new(8 << 20);
        LoadedImage loaded = ImageLoader.LoadKernel(Samples.File(packed), memory, Address);

        Assert.Equal(ImageFormat.LinuxImage, loaded.Format);
        Assert.Equal(Address, loaded.EntryPoint);
        Assert.Equal(Address + 8192, loaded.End);
        Assert.True(memory.At(Address, image.Length).SequenceEqual(image));
    }

    [Theory]
    [InlineData("zstd")]
    [InlineData("xzkern")]
    [InlineData("\u001b[2J")]
    public void Zboot_with_another_method_is_refused_with_the_way_out(string method)
    {
        string message = Refusal(Samples.Zboot(Encoding.ASCII.GetBytes("payload"), method));
        Assert.Contains("give the Image itself with --kernel", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', message);
    }

    [Theory]
    [InlineData("FD377A585A0000", "xz")]
    [InlineData("28B52FFD000000", "zstd")]
    [InlineData("04224D18000000", "lz4")]
    [InlineData("425A6839314159", "bzip2")]
    public void A_foreign_compression_is_named(string hex, string name) =>
        Assert.Contains($"compressed ({name})", Refusal(Convert.FromHexString(hex)), StringComparison.Ordinal);

    [Fact]
    public void Foreign_kernels_are_named()
    {
        byte[] x86 = new byte[1024];
        "MZ"u8.CopyTo(x86);
        "HdrS"u8.CopyTo(x86.AsSpan(0x202));
        byte[] arm = new byte[1024];
        "ARM\u0064"u8.CopyTo(arm.AsSpan(0x38));

        Assert.Contains("x86 Linux kernel", Refusal(x86), StringComparison.Ordinal);
        Assert.Contains("AArch64", Refusal(arm), StringComparison.Ordinal);
        Assert.Contains("not a RISC-V kernel", Refusal(Encoding.ASCII.GetBytes("#!/bin/sh\necho hello\n")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_big_endian_image_is_refused()
    {
        byte[] image = Samples.LinuxImage();
        image[24] = 1;
        Assert.Contains("big-endian", Refusal(image), StringComparison.Ordinal);
    }

    [Fact]
    public void A_truncated_gzip_is_refused_at_every_length()
    {
        byte[] packed = Samples.Gzip(Samples.LinuxImage());
        for (int length = 3; length < packed.Length; length++)
        {
            byte[] part = packed[..length];
            Exception? e = Record.Exception(() => ImageLoader.LoadKernel(Samples.File(part), new FakeMemory(4 << 20), Address));
            Assert.True(e is LoadException, $"{length} of {packed.Length}: {e}");
        }
    }

    [Fact]
    public void A_decompression_bomb_costs_no_more_than_the_guests_memory()
    {
        byte[] bomb = Samples.Gzip(new byte[256 << 20]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        string message = Refusal(bomb);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Contains("unpacks to more than the guest's memory (4 MiB)", message, StringComparison.Ordinal);
        Assert.InRange(allocated, 0, 32 << 20);
    }

    [Fact]
    public void Too_little_memory_says_how_much_is_needed()
    {
        string message = Refusal(Samples.LinuxImage(imageSize: 40 << 20));
        Assert.Contains("needs 40 MiB of memory at 0x80200000, but RAM ends at 0x80400000", message, StringComparison.Ordinal);
        Assert.Contains("give the guest more than 42 MiB with --memory", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Firmware_may_be_flat_machine_code_but_not_text_or_zeros()
    {
        FakeMemory memory = new(1 << 20);
        LoadedImage image = ImageLoader.LoadFirmware(Samples.File([0x6f, 0, 0, 0], "--bios"), memory, memory.Base);
        Assert.Equal(memory.Base, image.EntryPoint);
        Assert.Equal(0x6f, memory.Bytes[0]);

        Assert.Throws<LoadException>(() => ImageLoader.LoadFirmware(Samples.File(Encoding.ASCII.GetBytes("hello"), "--bios"), memory, memory.Base));
        Assert.Throws<LoadException>(() => ImageLoader.LoadFirmware(Samples.File(new byte[512], "--bios"), memory, memory.Base));
    }

    private static string Refusal(byte[] kernel) =>
        Assert.Throws<LoadException>(() => ImageLoader.LoadKernel(Samples.File(kernel), new FakeMemory(4 << 20), Address)).Message;
}
