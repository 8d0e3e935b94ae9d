using System.Buffers.Binary;
using System.IO.Compression;

namespace CoveJit.EndToEnd.Tests;

/// <summary>What goes wrong is one clear line and a non-zero exit code, soon.</summary>
public sealed class ErrorTests : IDisposable
{
    private const int Seconds = 20;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_missing_kernel() => Refused(1, "--kernel /nonexistent/Image does not exist; ", "run", "--kernel", "/nonexistent/Image");

    [Fact]
    public void A_cache_that_is_a_file() =>
        Refused(1, "cannot be made a directory", "run", "--kernel", Elf(), "--cache", _directory.File("file", new byte[1]));

    [Fact]
    public void A_missing_initrd() =>
        Refused(1, "--initrd /nonexistent does not exist; ", "run", "--kernel", Elf(), "--initrd", "/nonexistent");

    [Fact]
    public void A_kernel_for_another_machine()
    {
        // The head of an x86 bzImage: boot sector signature and "HdrS".
        byte[] image = new byte[65536];
        image[0] = (byte)'M';
        image[1] = (byte)'Z';
        image[0x1FE] = 0x55;
        image[0x1FF] = 0xAA;
        "HdrS"u8.CopyTo(image.AsSpan(0x202));
        Refused(1, "--kernel", "run", "--kernel", _directory.File("vmlinuz-x86", image));
    }

    [Fact]
    public void A_kernel_of_random_bytes()
    {
        byte[] noise = new byte[100_000];
        new Random(1).NextBytes(noise);
        Refused(1, "--kernel", "run", "--kernel", _directory.File("noise", noise));
    }

    [Fact]
    public void A_truncated_gzip_kernel()
    {
        using MemoryStream compressed = new();
        using (GZipStream gzip = new(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            byte[] noise = new byte[200_000];
            new Random(2).NextBytes(noise);
            gzip.Write(noise);
        }

        Refused(1, "--kernel", "run", "--kernel", _directory.File("Image.gz", compressed.ToArray()[..100_000]));
    }

    [GuestFact]
    public void Too_little_memory() => Refused(1, "--memory", "run", "--guest", DefaultGuest.DescriptionFile, "--memory", "16M");

    [Fact]
    public void A_corrupt_qcow2_image()
    {
        byte[] image = new byte[4096];
        "QFI"u8.CopyTo(image);
        image[3] = 0xFB;
        BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(4), 3);
        BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(20), 60);
        Refused(1, "--drive", "run", "--kernel", Elf(), "--drive", $"{_directory.File("disk.qcow2", image)},ro");
    }

    [Theory]
    [InlineData("does not exist", "/nonexistent.img")]
    [InlineData("directory", "/tmp")]
    public void A_drive_that_is_no_file(string expected, string path) => Refused(1, expected, "run", "--kernel", Elf(), "--drive", path);

    [Fact]
    public void A_drive_of_odd_size() =>
        Refused(1, "not a multiple of 512; ", "run", "--kernel", Elf(), "--drive", _directory.File("odd.img", new byte[1000]));

    [Fact]
    public void An_unknown_option_with_a_suggestion() =>
        Refused(2, "unknown option '--kernle'; did you mean '--kernel'?", "run", "--kernle", "x");

    [Fact]
    public void An_unknown_trace() => Refused(2, "--trace insn is not known; ", "run", "--trace", "insn");

    [Fact]
    public void An_unknown_guest() => Refused(1, "--guest nosuch is not known; ", "run", "--guest", "nosuch");

    [Fact]
    public void A_bare_metal_program_without_tohost() => Refused(1, "has no symbol tohost; ", "run", "--htif", Elf());

    // jalr x0, 0(x0) at the reset entry: nothing is at address 0, and mtvec is still 0.
    [Fact]
    public void A_wild_jump_without_a_trap_handler() =>
        Refused(1, "hart 0 is stuck: it trapped at 0x0, and its trap handler at 0x0 cannot be executed (InstructionAccessFault); ", "run", "--guest", "none", "--bios", Firmware(0x00000067));

    [Fact]
    public void A_wild_jump_into_empty_memory() =>
        Refused(1, "cannot be executed (IllegalInstruction); ", "run", "--guest", "none", "--bios", Firmware(
            0x00001297, // auipc t0, 1
            0x30529073, // csrw mtvec, t0
            0x00000067)); // jr zero

    [Fact]
    public void A_failure_whose_code_ends_in_a_zero_byte_is_still_a_failure()
    {
        (int code, _, _) = CoveJitProcess.Run(Seconds, "run", "--guest", "none", "--bios", Firmware(
            0x001002B7, // lui t0, 0x100: the test finisher
            0x01003337, // lui t1, 0x1003
            0x33330313, // addi t1, t1, 0x333: fail, with code 256
            0x0062A023, // sw t1, 0(t0)
            0x0000006F)); // j .
        Assert.Equal(1, code);
    }

    [Fact]
    public void A_trace_that_is_asked_for_is_written()
    {
        (int code, _, string error) = CoveJitProcess.Run(Seconds, "run", "--guest", "none", "--bios", Firmware(0x00000067), "--trace", "trap,mmio,sbi");
        Assert.Equal(1, code);
        Assert.Contains("covejit: trap hart 0 Machine InstructionAccessFault at 0x0 value 0x0", error, StringComparison.Ordinal);
    }

    private static void Refused(int code, string expected, params string[] arguments)
    {
        (int actual, string output, string error) = CoveJitProcess.Run(Seconds, arguments);
        Assert.Equal(string.Empty, output);
        Assert.StartsWith("covejit: ", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Contains("; ", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.Equal(code, actual);
    }

    // A minimal ELF: one segment of one instruction, no symbols.
    private string Elf()
    {
        byte[] elf = new byte[64 + 56 + 4];
        "\x7f\x45LF"u8.CopyTo(elf);
        elf[4] = 2; // 64 bits
        elf[5] = 1; // little-endian
        elf[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(16), 2); // ET_EXEC
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(18), 243); // EM_RISCV
        BinaryPrimitives.WriteUInt64LittleEndian(elf.AsSpan(24), 0x80000000);
        BinaryPrimitives.WriteUInt64LittleEndian(elf.AsSpan(32), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(54), 56);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(56), 1);
        Span<byte> segment = elf.AsSpan(64);
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1); // PT_LOAD
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], 5); // R, X
        BinaryPrimitives.WriteUInt64LittleEndian(segment[8..], 120);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], 0x80000000);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], 0x80000000);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], 4);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], 4);
        BinaryPrimitives.WriteUInt32LittleEndian(elf.AsSpan(120), 0x0000006F); // j .
        return _directory.File("program.elf", elf);
    }

    private string Firmware(params uint[] code)
    {
        byte[] image = new byte[8192];
        for (int i = 0; i < code.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(4 * i), code[i]);
        }

        return _directory.File("firmware.bin", image);
    }
}
