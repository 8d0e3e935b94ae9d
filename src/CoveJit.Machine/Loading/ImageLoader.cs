using CoveJit.Machines.Board;

namespace CoveJit.Machines.Loading;

/// <summary>Puts kernels, firmware and bare-metal programs into guest memory; the file's content, never its name, decides how.</summary>
public static class ImageLoader
{
    /// <summary>Alignment of a kernel's load address: 2 MiB, one leaf of the second page-table level.</summary>
    public const ulong KernelAlignment = 2UL << 20;

    // A gzip in a zboot in a gzip: nobody ships more layers than two.
    private const int MostLayers = 3;

    // No mend is offered for addresses past this: they are kernel-virtual, not RAM that is missing.
    private const ulong LargestMemory = 1UL << 46;
    private const int ZeroChunk = 64 << 10;

    /// <summary>Loads a supervisor-mode kernel: an Image or an ELF, plain, gzip-compressed or in EFI zboot form.</summary>
    /// <param name="file">The kernel.</param>
    /// <param name="memory">Guest RAM.</param>
    /// <param name="address">Where a kernel without an address of its own goes.</param>
    /// <param name="keepClear">A range, ending at a multiple of <see cref="KernelAlignment"/>, that such a kernel must not cover: it goes past it instead.</param>
    /// <exception cref="LoadException">It is no RISC-V kernel, is damaged, or does not fit the memory.</exception>
    public static LoadedImage LoadKernel(GuestFile file, IGuestMemoryWriter memory, ulong address, AddressRange keepClear = default)
    {
        file = Unpack(file, memory);
        ReadOnlySpan<byte> content = file.Content.Span;
        if (ElfFile.Recognises(content))
        {
            return LoadElf(file, ElfFile.Parse(file), memory, address);
        }

        if (!LinuxImage.Recognises(content))
        {
            throw NoKernel(file, "give a riscv64 Linux Image or ELF; other machine code goes with --bios");
        }

        LinuxImage image = LinuxImage.Parse(file);
        ulong size = Math.Max(image.ImageSize, (ulong)content.Length);
        Require(file, memory, address, size);
        if (keepClear.Overlaps(new AddressRange(address, size)))
        {
            address = keepClear.End;
            Require(file, memory, address, size);
        }

        memory.TryWrite(address, content);
        return new LoadedImage(ImageFormat.LinuxImage, address, address + size, address, SymbolTable.Empty);
    }

    /// <summary>Unpacks a kernel that is loaded elsewhere than where the machine starts: a Linux Image, plain, gzip-compressed or in EFI zboot form.</summary>
    /// <exception cref="LoadException">It is no such kernel, or is damaged.</exception>
    public static GuestFile UnpackLinuxImage(GuestFile file, IGuestMemoryWriter memory)
    {
        file = Unpack(file, memory);
        if (!LinuxImage.Recognises(file.Content.Span))
        {
            throw NoKernel(file, "give a riscv64 Linux Image");
        }

        _ = LinuxImage.Parse(file);
        return file;
    }

    /// <summary>Loads machine-mode firmware: an ELF, or a flat binary put at <paramref name="address"/>; gzip-compressed or plain.</summary>
    /// <exception cref="LoadException">It is not RISC-V machine code, is damaged, or does not fit the memory.</exception>
    public static LoadedImage LoadFirmware(GuestFile file, IGuestMemoryWriter memory, ulong address)
    {
        file = Unpack(file, memory);
        if (ElfFile.Recognises(file.Content.Span))
        {
            return LoadElf(file, ElfFile.Parse(file), memory, address);
        }

        RawImage.Check(file);
        ulong size = (ulong)file.Content.Length;
        Require(file, memory, address, size);
        memory.TryWrite(address, file.Content.Span);
        return new LoadedImage(ImageFormat.Raw, address, address + size, address, SymbolTable.Empty);
    }

    /// <summary>Loads a bare-metal ELF where its own headers say; used for <c>--htif</c>.</summary>
    /// <exception cref="LoadException">It is no RISC-V ELF, is damaged, or does not fit the memory.</exception>
    public static LoadedImage LoadProgram(GuestFile file, IGuestMemoryWriter memory)
    {
        if (!ElfFile.Recognises(file.Content.Span))
        {
            throw new LoadException($"{file.Display} is not an ELF file", "give a bare-metal riscv64 ELF, such as a riscv-tests program");
        }

        return LoadElf(file, ElfFile.Parse(file), memory, memory.Base);
    }

    private static LoadException NoKernel(GuestFile file, string mend)
    {
        string what = LinuxImage.ForeignKernel(file.Content.Span) is { } foreign ? $"is {foreign}, not a RISC-V kernel" : "is not a RISC-V kernel";
        return new LoadException($"{file.Display} {what}", mend);
    }

    private static LoadedImage LoadElf(GuestFile file, ElfFile elf, IGuestMemoryWriter memory, ulong address)
    {
        // A position-independent file linked at 0 (U-Boot and OpenSBI can be) relocates itself: it goes where a flat binary would.
        ulong lowest = elf.Segments[0].PhysicalAddress;
        ulong bias = elf.IsPositionIndependent && lowest < memory.Base ? address - lowest : 0;
        if (!elf.TryGetPhysicalEntryPoint(out ulong entry))
        {
            throw new LoadException($"{file.Display} is a corrupt ELF: its entry point 0x{elf.EntryPoint:x} lies in no segment", "link it again");
        }

        foreach (ElfSegment segment in elf.Segments)
        {
            // Moved up, a segment may wrap around the address space and come out below the first.
            ulong start = segment.PhysicalAddress + bias;
            Require(file, memory, start < lowest + bias ? 0 : start, segment.MemorySize);
        }

        foreach (ElfSegment segment in elf.Segments)
        {
            ulong start = segment.PhysicalAddress + bias;
            memory.TryWrite(start, elf.Bytes(segment));
            WriteZeros(memory, start + segment.FileSize, segment.MemorySize - segment.FileSize);
        }

        return new LoadedImage(ImageFormat.Elf, lowest + bias, elf.Segments[^1].PhysicalEnd + bias, entry + bias, elf.Symbols);
    }

    private static GuestFile Unpack(GuestFile file, IGuestMemoryWriter memory)
    {
        for (int layer = 0; layer < MostLayers; layer++)
        {
            GuestFile unpacked = CompressedFile.Unpack(file, memory.Size);
            if (ReferenceEquals(unpacked, file))
            {
                return file;
            }

            file = unpacked;
        }

        throw new LoadException($"{file.Display} is compressed again and again", "unpack it");
    }

    private static void Require(GuestFile file, IGuestMemoryWriter memory, ulong address, ulong size)
    {
        ulong end = memory.Base + memory.Size;
        if (address < memory.Base || address - memory.Base >= LargestMemory)
        {
            throw new LoadException(
                $"{file.Display} wants to be loaded at 0x{address:x}, outside of RAM, which begins at 0x{memory.Base:x}",
                "link it for that address, or give the flat Image instead of a vmlinux");
        }

        if (address > end || size > end - address)
        {
            ulong needed = address - memory.Base + Math.Min(size, LargestMemory);
            throw new LoadException(
                $"{file.Display} needs {ByteSize.Format(size)} of memory at 0x{address:x}, but RAM ends at 0x{end:x}",
                $"give the guest more than {ByteSize.Format(needed)} with --memory");
        }
    }

    private static void WriteZeros(IGuestMemoryWriter memory, ulong address, ulong count)
    {
        ReadOnlySpan<byte> zeros = new byte[(int)Math.Min(count, ZeroChunk)];
        while (count > 0)
        {
            int length = (int)Math.Min(count, ZeroChunk);
            memory.TryWrite(address, zeros[..length]);
            address += (ulong)length;
            count -= (ulong)length;
        }
    }
}
