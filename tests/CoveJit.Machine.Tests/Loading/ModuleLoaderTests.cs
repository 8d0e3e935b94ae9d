using System.IO.Compression;
using System.Security.Cryptography;
using CoveJit.Machines.Board;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;

namespace CoveJit.Machines.Tests.Loading;

public sealed class ModuleLoaderTests : IDisposable
{
    private const ulong Start = 0x80400000;

    private readonly string _directory = Directory.CreateTempSubdirectory("covejit-modules-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Files_lie_at_page_boundaries_and_those_of_one_name_only_once()
    {
        FakeMemory memory = new(8 << 20);
        ModuleLoader loader = new(memory, new AddressRange(Start, 2 << 20));
        string kernel = Write("Image", Samples.LinuxImage());
        string disk = Write("disk", [1, 2, 3]);
        IReadOnlyList<Module> first = loader.Load(new VirtualMachineOptions(kernel) { RamDisks = [disk] });
        IReadOnlyList<Module> second = loader.Load(new VirtualMachineOptions(kernel) { Initrd = disk });

        Assert.Equal([ModuleRole.Kernel, ModuleRole.Disk], first.Select(module => module.Role));
        Assert.Equal(new AddressRange(Start, (ulong)Samples.LinuxImage().Length), first[0].Range);
        Assert.Equal(0UL, first[1].Range.Start % 4096);
        Assert.Equal(new byte[] { 1, 2, 3 }, memory.At(first[1].Range.Start, 3).ToArray());
        Assert.Equal(first[0], second[0]);
        Assert.Equal(new Module(ModuleRole.Initrd, first[1].Range), second[1]);
    }

    [Fact]
    public void A_kernel_is_unpacked_and_a_disk_is_not()
    {
        MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest))
        {
            gzip.Write(Samples.LinuxImage());
        }

        FakeMemory memory = new(8 << 20);
        string file = Write("Image.gz", packed.ToArray());
        IReadOnlyList<Module> modules = new ModuleLoader(memory, new AddressRange(Start, 2 << 20)).Load(new VirtualMachineOptions(file) { RamDisks = [file] });
        Assert.Equal(Samples.LinuxImage(), memory.At(modules[0].Range.Start, (int)modules[0].Range.Size).ToArray());
        Assert.Equal(packed.ToArray(), memory.At(modules[1].Range.Start, (int)modules[1].Range.Size).ToArray());
    }

    [Fact]
    public void Of_a_confidential_virtual_machine_kernel_and_initrd_have_digests_and_the_shim_lies_flat()
    {
        FakeMemory memory = new(8 << 20);
        VirtualMachineOptions machine = new(Write("Image", Samples.LinuxImage()))
        {
            Kind = VirtualMachineKind.Confidential,
            Initrd = Write("initrd", [1, 2, 3]),
            Shim = Write("shim", Samples.Elf([(0x1_0000_0000, 0x1_0000_0000, 4, 4), (0x1_0000_0006, 0x1_0000_0006, 2, 64)], 0x1_0000_0000)),
        };
        IReadOnlyList<Module> modules = new ModuleLoader(memory, new AddressRange(Start, 2 << 20)).Load(machine);
        Assert.Equal([ModuleRole.Kernel, ModuleRole.Initrd, ModuleRole.Shim], modules.Select(module => module.Role));
        Assert.Equal(Convert.ToHexStringLower(SHA384.HashData(Samples.LinuxImage())), modules[0].Sha384);
        Assert.Equal(Convert.ToHexStringLower(SHA384.HashData([1, 2, 3])), modules[1].Sha384);
        Assert.Null(modules[2].Sha384);
        Assert.Equal(new byte[] { 1, 1, 1, 1, 0, 0, 2, 2 }, memory.At(modules[2].Range.Start, (int)modules[2].Range.Size).ToArray());
    }

    [Fact]
    public void What_is_no_kernel_or_does_not_fit_is_refused_by_name()
    {
        FakeMemory memory = new(8 << 20);
        string disk = Write("disk", new byte[64 << 10]);
        string kernel = Write("Image", Samples.LinuxImage());
        ModuleLoader loader = new(memory, new AddressRange(Start, 32 << 10));
        Assert.StartsWith(
            $"--kernel {disk} is not a RISC-V kernel; give a riscv64 Linux Image",
            Assert.Throws<LoadException>(() => loader.Load(new VirtualMachineOptions(disk))).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            $"is too little for --vm ramdisk= {disk} (64 KiB)",
            Assert.Throws<LoadException>(() => loader.Load(new VirtualMachineOptions(kernel) { RamDisks = [disk] })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void There_is_room_beside_everything_else()
    {
        BootLayout layout = BootLayout.Load(new BootFiles(Samples.File(Samples.LinuxImage()), null, null), new FakeMemory(64 << 20));
        Assert.Equal(0UL, layout.Free.Start % (2 << 20));
        Assert.InRange(layout.Free.Start, layout.Kernel!.End, layout.Kernel.End + (2 << 20));
        Assert.Equal(layout.DeviceTreeAddress, layout.Free.End);
    }

    private string Write(string name, byte[] content)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllBytes(path, content);
        return path;
    }
}
