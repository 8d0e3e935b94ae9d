using System.Buffers.Binary;
using CoveJit.Machines.Board;

namespace CoveJit.Machines.Loading;

/// <summary>
/// Where everything a machine starts from lies in RAM, laid out as QEMU's virt board does: firmware at the start of RAM, the
/// kernel 2 MiB above (or past larger firmware), the initrd in the middle, the device tree at the top below 3 GiB. No two overlap.
/// OpenSBI's fw_jump differs from other firmware: it enters the place 2 MiB above and copies the device tree to 34 MiB, both fixed when
/// it was built. Under firmware, a kernel that reaches that far lies past it, and a jump to it where the kernel would have been.
/// </summary>
/// <param name="Firmware">The firmware, or null under the managed Monitor.</param>
/// <param name="Kernel">The kernel, or null if firmware boots alone.</param>
/// <param name="Initrd">The initrd's range, or null.</param>
/// <param name="DeviceTreeAddress">Physical address of the device tree blob, 2 MiB-aligned.</param>
/// <param name="Free">The largest range that nothing of all this is in.</param>
public sealed record BootLayout(LoadedImage? Firmware, LoadedImage? Kernel, AddressRange? Initrd, ulong DeviceTreeAddress, AddressRange Free)
{
    /// <summary>Most bytes the device tree blob may have: one kernel mapping of 2 MiB.</summary>
    public const ulong DeviceTreeLimit = 2UL << 20;

    private const ulong Mebibyte = 1UL << 20;
    private const ulong PageSize = 4096;

    // A 32-bit-addressing boot loader must reach the tree: QEMU keeps it below 3 GiB, so stock firmware expects that.
    private const ulong DeviceTreeCeiling = 3UL << 30;

    // FW_JUMP_FDT_ADDR of OpenSBI's generic platform, from the start of RAM. Later versions put it past any kernel.
    private const ulong FwJumpDeviceTree = 0x2200000;

    // A boot loader of three instructions: a0 (the hart) and a1 (the device tree) are the kernel's as they are.
    private static readonly uint[] JumpCode =
    [
        0x00000297, // auipc t0, 0
        0x0102b283, // ld    t0, 16(t0)
        0x00028067, // jr    t0
        0x00000013, // nop
    ];

    /// <summary>First address the machine's harts run, in machine mode with firmware, in supervisor mode without.</summary>
    public ulong EntryPoint => (Firmware ?? Kernel)!.EntryPoint;

    /// <summary>Loads the files into RAM.</summary>
    /// <exception cref="LoadException">A file is no image of its kind, or memory is too small to hold all of them apart.</exception>
    public static BootLayout Load(BootFiles files, IGuestMemoryWriter memory)
    {
        ulong ramEnd = memory.Base + memory.Size;
        if (files.Kernel is null && files.Firmware is null)
        {
            throw new LoadException("there is nothing to boot", "give --kernel or --bios");
        }

        if (files.Initrd is not null && files.Kernel is null)
        {
            throw new LoadException("--initrd is given without a kernel", "add --kernel");
        }

        // Kernel and firmware name larger sizes in their own errors; this one keeps the arithmetic below meaningful.
        if (memory.Size < 2 * DeviceTreeLimit)
        {
            throw TooSmall("boot", memory);
        }

        ulong ceiling = memory.Base < DeviceTreeCeiling ? Math.Min(ramEnd, DeviceTreeCeiling) : ramEnd;
        AddressRange tree = new(AlignDown(ceiling - DeviceTreeLimit, DeviceTreeLimit), DeviceTreeLimit);

        LoadedImage? firmware = files.Firmware is null ? null : ImageLoader.LoadFirmware(files.Firmware, memory, memory.Base);
        AddressRange firmwareTree = firmware is null ? default : new(memory.Base + FwJumpDeviceTree, DeviceTreeLimit);
        LoadedImage? kernel = null;
        if (files.Kernel is not null)
        {
            ulong start = memory.Base + ImageLoader.KernelAlignment;
            if (firmware is not null)
            {
                start = Math.Max(start, AlignUp(firmware.End, ImageLoader.KernelAlignment));
            }

            kernel = ImageLoader.LoadKernel(files.Kernel, memory, start, firmwareTree);
            if (kernel.Format == ImageFormat.LinuxImage && kernel.Start != start)
            {
                WriteJump(memory, start, kernel.EntryPoint);
            }
        }

        if (firmware is not null && kernel is not null)
        {
            RefuseOverlap(files.Firmware!, Range(firmware), files.Kernel!, Range(kernel));
        }

        if ((kernel is not null && Range(kernel).Overlaps(tree)) || (firmware is not null && Range(firmware).Overlaps(tree)))
        {
            throw TooSmall($"{(files.Kernel ?? files.Firmware)!.Display} and the device tree", memory);
        }

        AddressRange? initrd = files.Initrd is null ? null : PlaceInitrd(files.Initrd, kernel!, firmware, firmwareTree, tree, memory);
        ulong used = Math.Max(Math.Max(firmware?.End ?? 0, firmwareTree.End), Math.Max(kernel?.End ?? 0, initrd?.End ?? 0));
        AddressRange below = Between(AlignUp(used, ImageLoader.KernelAlignment), tree.Start);
        AddressRange above = Between(Math.Max(tree.End, AlignUp(used, ImageLoader.KernelAlignment)), ramEnd);
        return new BootLayout(firmware, kernel, initrd, tree.Start, below.Size >= above.Size ? below : above);
    }

    private static AddressRange Between(ulong start, ulong end) => new(start, end - Math.Min(start, end));

    private static void WriteJump(IGuestMemoryWriter memory, ulong address, ulong target)
    {
        byte[] jump = new byte[(JumpCode.Length * sizeof(uint)) + sizeof(ulong)];
        for (int i = 0; i < JumpCode.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(jump.AsSpan(i * sizeof(uint)), JumpCode[i]);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(jump.AsSpan(JumpCode.Length * sizeof(uint)), target);
        memory.TryWrite(address, jump);
    }

    private static AddressRange PlaceInitrd(
        GuestFile file, LoadedImage kernel, LoadedImage? firmware, AddressRange firmwareTree, AddressRange tree, IGuestMemoryWriter memory)
    {
        ulong size = (ulong)file.Content.Length;
        ulong ramEnd = memory.Base + memory.Size;
        ulong behindKernel = AlignUp(kernel.End, ImageLoader.KernelAlignment);

        // The kernel's own early allocations grow behind its image, so the middle of RAM is better than right behind it.
        ulong middle = Math.Max(behindKernel, AlignUp(kernel.Start + Math.Min(memory.Size / 2, 512 * Mebibyte), PageSize));
        foreach ((ulong start, ulong end) in (ReadOnlySpan<(ulong, ulong)>)[
            (middle, tree.Start), (behindKernel, tree.Start), (Math.Max(behindKernel, firmwareTree.End), tree.Start), (tree.End, ramEnd)])
        {
            AddressRange range = new(start, size);
            bool free = start <= end && size <= end - start
                && !range.Overlaps(Range(kernel)) && !range.Overlaps(firmwareTree) && (firmware is null || !range.Overlaps(Range(firmware)));
            if (free && memory.TryWrite(start, file.Content.Span))
            {
                return range;
            }
        }

        throw TooSmall($"{file.Display} ({ByteSize.Format(size)}) beside the kernel", memory);
    }

    private static void RefuseOverlap(GuestFile first, AddressRange a, GuestFile second, AddressRange b)
    {
        if (a.Overlaps(b))
        {
            throw new LoadException(
                $"{first.Display} ({a}) and {second.Display} ({b}) overlap in memory", "link one of them elsewhere, or give the kernel as an Image");
        }
    }

    private static AddressRange Range(LoadedImage image) => new(image.Start, image.End - image.Start);

    private static LoadException TooSmall(string what, IGuestMemoryWriter memory) =>
        new($"{ByteSize.Format(memory.Size)} of memory is too little for {what}", "give the guest more with --memory");

    private static ulong AlignUp(ulong value, ulong alignment) => (value + alignment - 1) & ~(alignment - 1);

    private static ulong AlignDown(ulong value, ulong alignment) => value & ~(alignment - 1);
}
