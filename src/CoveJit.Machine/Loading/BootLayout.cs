using CoveJit.Machines.Board;

namespace CoveJit.Machines.Loading;

/// <summary>
/// Where everything a machine starts from lies in RAM, laid out as QEMU's virt board does: firmware at the start of RAM, the
/// kernel 2 MiB above (or past larger firmware), the initrd in the middle, the device tree at the top below 3 GiB. No two overlap.
/// </summary>
/// <param name="Firmware">The firmware, or null under the managed Monitor.</param>
/// <param name="Kernel">The kernel, or null if firmware boots alone.</param>
/// <param name="Initrd">The initrd's range, or null.</param>
/// <param name="DeviceTreeAddress">Physical address of the device tree blob, 2 MiB-aligned.</param>
public sealed record BootLayout(LoadedImage? Firmware, LoadedImage? Kernel, AddressRange? Initrd, ulong DeviceTreeAddress)
{
    /// <summary>Most bytes the device tree blob may have: one kernel mapping of 2 MiB.</summary>
    public const ulong DeviceTreeLimit = 2UL << 20;

    private const ulong Mebibyte = 1UL << 20;
    private const ulong PageSize = 4096;

    // A 32-bit-addressing boot loader must reach the tree: QEMU keeps it below 3 GiB, so stock firmware expects that.
    private const ulong DeviceTreeCeiling = 3UL << 30;

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
        LoadedImage? kernel = null;
        if (files.Kernel is not null)
        {
            ulong start = memory.Base + ImageLoader.KernelAlignment;
            if (firmware is not null)
            {
                start = Math.Max(start, AlignUp(firmware.End, ImageLoader.KernelAlignment));
            }

            kernel = ImageLoader.LoadKernel(files.Kernel, memory, start);
        }

        if (firmware is not null && kernel is not null)
        {
            RefuseOverlap(files.Firmware!, Range(firmware), files.Kernel!, Range(kernel));
        }

        if ((kernel is not null && Range(kernel).Overlaps(tree)) || (firmware is not null && Range(firmware).Overlaps(tree)))
        {
            throw TooSmall($"{(files.Kernel ?? files.Firmware)!.Display} and the device tree", memory);
        }

        AddressRange? initrd = files.Initrd is null ? null : PlaceInitrd(files.Initrd, kernel!, firmware, tree, memory);
        return new BootLayout(firmware, kernel, initrd, tree.Start);
    }

    private static AddressRange PlaceInitrd(GuestFile file, LoadedImage kernel, LoadedImage? firmware, AddressRange tree, IGuestMemoryWriter memory)
    {
        ulong size = (ulong)file.Content.Length;
        ulong ramEnd = memory.Base + memory.Size;
        ulong behindKernel = AlignUp(kernel.End, ImageLoader.KernelAlignment);

        // The kernel's own early allocations grow behind its image, so the middle of RAM is better than right behind it.
        ulong middle = Math.Max(behindKernel, AlignUp(kernel.Start + Math.Min(memory.Size / 2, 512 * Mebibyte), PageSize));
        foreach ((ulong start, ulong end) in (ReadOnlySpan<(ulong, ulong)>)[(middle, tree.Start), (behindKernel, tree.Start), (tree.End, ramEnd)])
        {
            AddressRange range = new(start, size);
            bool free = start <= end && size <= end - start && !range.Overlaps(Range(kernel)) && (firmware is null || !range.Overlaps(Range(firmware)));
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
