using CoveJit.Machines.Board;
using CoveJit.Machines.Options;

namespace CoveJit.Machines.Loading;

/// <summary>
/// Puts the files of virtual machines into guest memory, each at a page boundary and a file that several of them name only once; kernels are
/// unpacked. What the hypervisor then does with them is its own affair.
/// </summary>
public sealed class ModuleLoader
{
    private const ulong PageSize = 4096;

    private readonly IGuestMemoryWriter _memory;
    private readonly Dictionary<(string Path, bool IsKernel), AddressRange> _loaded = [];
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
        List<Module> modules = [new(ModuleRole.Kernel, Place("--kernel", machine.Kernel, isKernel: true))];
        if (machine.Initrd is { } initrd)
        {
            modules.Add(new(ModuleRole.Initrd, Place("--initrd", initrd, isKernel: false)));
        }

        modules.AddRange(machine.RamDisks.Select(disk => new Module(ModuleRole.Disk, Place("--vm ramdisk=", disk, isKernel: false))));
        return modules;
    }

    private AddressRange Place(string option, string path, bool isKernel)
    {
        if (_loaded.TryGetValue((path, isKernel), out AddressRange range))
        {
            return range;
        }

        GuestFile file = GuestFile.Read(option, path, _memory.Size);
        if (isKernel)
        {
            file = ImageLoader.UnpackLinuxImage(file, _memory);
        }

        ulong size = (ulong)file.Content.Length;
        if (size > _end - _next || !_memory.TryWrite(_next, file.Content.Span))
        {
            throw new LoadException(
                $"{ByteSize.Format(_memory.Size)} of memory is too little for {file.Display} ({ByteSize.Format(size)}) beside what else is in it",
                "give the machine more with --memory");
        }

        range = new AddressRange(_next, size);
        _loaded.Add((path, isKernel), range);
        _next = Math.Min(_end, (_next + size + PageSize - 1) & ~(PageSize - 1));
        return range;
    }
}
