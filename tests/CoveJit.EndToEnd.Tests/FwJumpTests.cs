using System.Buffers.Binary;

namespace CoveJit.EndToEnd.Tests;

/// <summary>
/// OpenSBI's fw_jump is told nothing: it enters a place and copies the device tree to another, both fixed when it was built. Small
/// kernels and those that reach the place of the tree boot through it alike.
/// </summary>
public sealed class FwJumpTests : IDisposable
{
    private const string FwJump = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.bin";

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [FileFact(FwJump)]
    public void A_small_payload() => Boot(8 << 10);

    [FileFact(FwJump)]
    public void A_payload_over_the_place_of_the_device_tree() => Boot(36 << 20);

    [GuestFact(FwJump)]
    public void Debians_kernel()
    {
        (int code, string output, string error) = CoveJitProcess.Run(
            240, "run", "--guest", DefaultGuest.DescriptionFile, "--bios", FwJump, "--smp", "2", "--append", "covejit.run=\"echo harts $(nproc)\"");
        Assert.Contains("OpenSBI v", output, StringComparison.Ordinal);
        Assert.Contains("harts 2", output, StringComparison.Ordinal);
        Assert.Equal((0, string.Empty), (code, error));
    }

    private void Boot(int imageSize)
    {
        string kernel = _directory.File("payload", Payload(imageSize));
        (int code, string output, string error) = CoveJitProcess.Run(60, "run", "--kernel", kernel, "--bios", FwJump);
        Assert.Contains("OpenSBI v", output, StringComparison.Ordinal);
        Assert.EndsWith("payload found the device tree\r\n", output, StringComparison.Ordinal);
        Assert.Equal((0, string.Empty), (code, error));
    }

    // A Linux Image of a few instructions: looks at the device tree's magic, prints a line through the SBI, and shuts down.
    private static byte[] Payload(int imageSize)
    {
        const int HeaderSize = 64;
        ReadOnlySpan<uint> code =
        [
            0x0005e283, // lwu   t0, 0(a1)
            0x000ee337, // li    t1, 0xedfe0dd0 (the magic, read in little-endian order)
            0xfe13031b,
            0x00c31313,
            0xdd030313,
            0x02629263, // bne   t0, t1, off
            0x00000417, // la    s0, line
            0x03c40413,
            0x00044503, // next: lbu a0, 0(s0)
            0x00050a63, // beqz  a0, off
            0x00100893, // li    a7, 1 (console_putchar)
            0x00000073, // ecall
            0x00140413, // addi  s0, s0, 1
            0xfedff06f, // j     next
            0x535258b7, // off: li a7, 0x53525354 (SRST)
            0x3548889b,
            0x00000813, // li    a6, 0 (system_reset)
            0x00000513, // li    a0, 0 (shutdown)
            0x00000593, // li    a1, 0
            0x00000073, // ecall
            0x0000006f, // j     .
        ];
        ReadOnlySpan<byte> line = "payload found the device tree\n\0"u8;
        byte[] image = new byte[HeaderSize + (code.Length * sizeof(uint)) + line.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(image, 0x0400006f); // j past the header
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(8), 0x200000); // text_offset
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(16), (ulong)imageSize);
        "RISCV\0\0\0RSC\u0005"u8.CopyTo(image.AsSpan(0x30));
        for (int i = 0; i < code.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(HeaderSize + (i * sizeof(uint))), code[i]);
        }

        line.CopyTo(image.AsSpan(image.Length - line.Length));
        return image;
    }
}
