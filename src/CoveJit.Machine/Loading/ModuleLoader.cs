using System.Security.Cryptography;
using CoveJit.Machines.Board;
using CoveJit.Machines.Options;

namespace CoveJit.Machines.Loading;

/// <summary>
/// Puts the files of virtual machines into guest memory, each at a page boundary and a file that several of them name only once; kernels are
/// unpacked, and a shim lies as it is linked, without its ELF file around it. What the hypervisor then does with them is its own affair.
/// </summary>
public sealed class ModuleLoader
{
    private const ulong PageSize = 4096;
    private const ulong MostShim = 2UL << 20;

    private readonly IGuestMemoryWriter _memory;
    private readonly Dictionary<(string Path, ModuleRole Role), AddressRange> _loaded = [];
    private readonly Dictionary<ulong, ReadOnlyMemory<byte>> _contents = [];
    private readonly Dictionary<ulong, string> _digests = [];
    private readonly ulong _end;
    private ulong _next;

    /// <summary>Makes a loader.</summary>
    /// <param name="memory">Guest RAM.</param>
    /// <param name="free">The part of it that files may go to.</param>
    public ModuleLoader(IGuestMemoryWriter memory, AddressRange free)
    {
        ArgumentNullException.ThrowIfNull(memory);
        _memory = memory;
        _next = free.Start;
        _end = free.End;
    }

    /// <summary>Loads the files of a virtual machine.</summary>
    /// <exception cref="LoadException">A file cannot be read, is no Linux Image where one is needed, or does not fit.</exception>
    public IReadOnlyList<Module> Load(VirtualMachineOptions machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        bool isMeasured = machine.Kind == VirtualMachineKind.Confidential;
        List<Module> modules = [Place("--kernel", machine.Kernel, ModuleRole.Kernel, isMeasured)];
        if (machine.Initrd is { } initrd)
        {
            modules.Add(Place("--initrd", initrd, ModuleRole.Initrd, isMeasured));
        }

        if (machine.Shim is { } shim)
        {
            modules.Add(Place("--vm shim=", shim, ModuleRole.Shim, isMeasured: false));
        }

        modules.AddRange(machine.RamDisks.Select(disk => Place("--vm ramdisk=", disk, ModuleRole.Disk, isMeasured: false)));
        return modules;
    }

    private Module Place(string option, string path, ModuleRole role, bool isMeasured)
    {
        // What is in memory differs between roles: a kernel is unpacked.
        ModuleRole content = role is ModuleRole.Kernel or ModuleRole.Shim ? role : ModuleRole.Disk;
        if (!_loaded.TryGetValue((path, content), out AddressRange range))
        {
            range = Load(option, path, role);
            _loaded.Add((path, content), range);
        }

        return new Module(role, range, isMeasured ? DigestOf(range) : null);
    }

    private string DigestOf(AddressRange range)
    {
        if (!_digests.TryGetValue(range.Start, out string? digest))
        {
            digest = Convert.ToHexStringLower(SHA384.HashData(_contents[range.Start].Span));
            _digests.Add(range.Start, digest);
        }

        return digest;
    }

    private AddressRange Load(string option, string path, ModuleRole role)
    {
        GuestFile file = GuestFile.Read(option, path, _memory.Size);
        file = role switch
        {
            ModuleRole.Kernel => ImageLoader.UnpackLinuxImage(file, _memory),
            ModuleRole.Shim => Flatten(file),
            _ => file,
        };
        ulong size = (ulong)file.Content.Length;
        if (size > _end - _next || !_memory.TryWrite(_next, file.Content.Span))
        {
            throw new LoadException(
                $"{ByteSize.Format(_memory.Size)} of memory is too little for {file.Display} ({ByteSize.Format(size)}) beside what else is in it",
                "give the machine more with --memory");
        }

        AddressRange range = new(_next, size);
        _contents.Add(range.Start, file.Content);
        _next = Math.Min(_end, (_next + size + PageSize - 1) & ~(PageSize - 1));
        return range;
    }

    // The segments of an ELF file as they lie in memory, from the first one's address on.
    private static GuestFile Flatten(GuestFile file)
    {
        ElfFile elf = ElfFile.Parse(file);
        ulong start = elf.Segments[0].PhysicalAddress;
        ulong size = elf.Segments[^1].PhysicalAddress + elf.Segments[^1].FileSize - start;
        if (size > MostShim)
        {
            throw new LoadException($"{file.Display} is larger than {ByteSize.Format(MostShim)}", "give the shim that 'covejit guest build vmm' makes");
        }

        byte[] image = new byte[size];
        foreach (ElfSegment segment in elf.Segments)
        {
            elf.Bytes(segment).CopyTo(image.AsSpan((int)(segment.PhysicalAddress - start)));
        }

        return file with { Content = image };
    }
}
