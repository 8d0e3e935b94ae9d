using CoveJit.Devices.DeviceTree;
using CoveJit.Devices.Protection;
using CoveJit.Machines.Options;
using CoveJit.Machines.Tests.Loading;

namespace CoveJit.Machines.Tests.Board;

public sealed class IopmpTests : IMachineHost, IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public IopmpTests()
    {
        File.WriteAllBytes(_path, Samples.Elf([(0x8020_0000, 0x8020_0000, 0x1000, 0x1000)], 0x8020_0000));
    }

    public void Dispose() => File.Delete(_path);

    void IMachineHost.ConsoleWrite(ReadOnlySpan<byte> bytes)
    {
    }

    void IMachineHost.Report(string line)
    {
    }

    [Fact]
    public void The_tree_names_the_IOPMP_and_its_requesters()
    {
        MachineOptions options = new() { Kernel = _path, MemorySize = 64 << 20, InstructionCount = true };
        using Machine with = new(options with { Iopmp = new IopmpConfiguration() }, this);
        DeviceTreeNode soc = FlattenedDeviceTree.Parse(with.DeviceTree.Span).Root.Find("soc")!;
        Assert.Contains(soc.Find("iopmp@3020000")!.Properties, p => p.Key == "interrupts");
        Assert.Contains(soc.Find("virtio_mmio@10001000")!.Properties, p => p.Key == "covejit,rrid" && p.Value.SequenceEqual(new byte[4]));
        Assert.True(with.Map.TryRead(0x0302_000C, 4, out ulong numbers));
        Assert.Equal(64u | (64 << 16), numbers);

        using Machine without = new(options, this);
        DeviceTreeNode root = FlattenedDeviceTree.Parse(without.DeviceTree.Span).Root;
        Assert.Null(root.Find("soc")!.Find("iopmp@3020000"));
        Assert.DoesNotContain(root.Find("chosen")!.Properties, p => p.Key == "rng-seed"); // with --icount there is none
        Assert.False(without.Map.TryRead(0x0302_000C, 4, out _));
    }
}
