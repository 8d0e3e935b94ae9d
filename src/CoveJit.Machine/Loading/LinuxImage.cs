using System.Buffers.Binary;

namespace CoveJit.Machines.Loading;

/// <summary>
/// The header of a RISC-V Linux <c>Image</c> (Linux documentation, "Boot image header in RISC-V Linux"): a flat binary that
/// runs from its first byte, loaded at a 2 MiB boundary.
/// </summary>
/// <param name="TextOffset">text_offset: distance from the start of RAM the kernel asks for, 2 MiB on RV64.</param>
/// <param name="ImageSize">image_size: bytes of memory the kernel needs from its load address, its zeroed data included.</param>
/// <param name="Flags">flags: bit 0 set means a big-endian kernel.</param>
/// <param name="Version">version: minor in bits 15:0, major in bits 31:16.</param>
public sealed record LinuxImage(ulong TextOffset, ulong ImageSize, ulong Flags, uint Version)
{
    /// <summary>Size of the header in bytes.</summary>
    public const int HeaderSize = 64;

    private const int Magic2Offset = 0x38;

    /// <summary>Whether the bytes carry magic2, <c>RSC\x05</c>.</summary>
    public static bool Recognises(ReadOnlySpan<byte> content) =>
        content.Length >= Magic2Offset + 4 && content[Magic2Offset..].StartsWith("RSC\u0005"u8);

    /// <summary>Reads the header.</summary>
    /// <exception cref="LoadException">The file ends within it, or the kernel is big-endian.</exception>
    public static LinuxImage Parse(GuestFile file)
    {
        ReadOnlySpan<byte> content = file.Content.Span;
        if (!Recognises(content) || content.Length <= HeaderSize)
        {
            throw new LoadException($"{file.Display} is a truncated Linux Image", "copy or build it again");
        }

        LinuxImage image = new(
            TextOffset: BinaryPrimitives.ReadUInt64LittleEndian(content[8..]),
            ImageSize: BinaryPrimitives.ReadUInt64LittleEndian(content[16..]),
            Flags: BinaryPrimitives.ReadUInt64LittleEndian(content[24..]),
            Version: BinaryPrimitives.ReadUInt32LittleEndian(content[32..]));
        if ((image.Flags & 1) != 0)
        {
            throw new LoadException($"{file.Display} is a big-endian Linux Image", "give a little-endian riscv64 kernel");
        }

        return image;
    }

    /// <summary>Names the foreign kernel these bytes are, if they are a known one, for the error that says so.</summary>
    internal static string? ForeignKernel(ReadOnlySpan<byte> content)
    {
        if (content.Length >= 0x206 && content[0x202..].StartsWith("HdrS"u8))
        {
            return "an x86 Linux kernel";
        }

        if (content.Length >= 0x3c && content[0x38..].StartsWith("ARM\u0064"u8))
        {
            return "an AArch64 Linux Image";
        }

        return content.StartsWith("MZ"u8) ? "a PE/EFI program" : null;
    }
}
