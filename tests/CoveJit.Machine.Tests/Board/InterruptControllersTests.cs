using System.Text;
using CoveJit.Devices.DeviceTree;
using CoveJit.Harts;
using CoveJit.Harts.Interrupts;
using CoveJit.Machines.Board;
using CoveJit.Machines.Options;
using CoveJit.Machines.Tests.Loading;

namespace CoveJit.Machines.Tests.Board;

/// <summary>The board's interrupt controllers as kernels and firmware find them.</summary>
public sealed class InterruptControllersTests : IMachineHost, IDisposable
{
    private const ulong Sourcecfg = 0, Domaincfg = 0, Setie = 0x1EDC, Setip = 0x1CDC, Target = 0x3000, Genmsi = 0x3000;

    private readonly string _kernel = Path.GetTempFileName();

    public InterruptControllersTests() => File.WriteAllBytes(_kernel, Samples.LinuxImage());

    public void Dispose() => File.Delete(_kernel);

    void IMachineHost.ConsoleWrite(ReadOnlySpan<byte> bytes)
    {
    }

    void IMachineHost.Report(string line)
    {
    }

    [Fact]
    public void Messages_to_the_pages_of_harts_reach_their_files()
    {
        using Machine machine = Build(InterruptArchitecture.Imsic, managed: true);
        Hart hart = machine.Harts[1];
        Assert.Equal(7, hart.GuestFiles.Count);
        Assert.True(machine.Map.TryWrite(0x2400_1000, 4, 5));
        Assert.True(machine.Map.TryWrite(0x2800_8000, 4, 6));
        Assert.True(machine.Map.TryWrite(0x2800_F000, 4, 7));
        Assert.Equal(1UL << 5, hart.MachineFile!.Read(InterruptFile.Pending));
        Assert.Equal(1UL << 6, hart.SupervisorFile!.Read(InterruptFile.Pending));
        Assert.Equal(1UL << 7, hart.GuestFiles[6].Read(InterruptFile.Pending));
        Assert.False(machine.Map.TryWrite(0x2801_0000, 4, 1)); // two harts' pages, and no more
    }

    [Fact]
    public void Under_managed_firmware_all_sources_are_supervisor_levels_and_messages_find_their_way()
    {
        using Machine machine = Build(InterruptArchitecture.Imsic, managed: true);
        Write(machine, VirtMemoryMap.AplicS, Sourcecfg + 40, 1); // detached
        Write(machine, VirtMemoryMap.AplicS, Target + 40, (1 << 18) | (2 << 12) | 33);
        Write(machine, VirtMemoryMap.AplicS, Setie, 10);
        Write(machine, VirtMemoryMap.AplicS, Domaincfg, 0x100);
        Write(machine, VirtMemoryMap.AplicS, Setip, 10);
        Assert.Equal(1UL << 33, machine.Harts[1].GuestFiles[1].Read(InterruptFile.Pending));
        Write(machine, VirtMemoryMap.AplicM, Genmsi, (1 << 18) | 9);
        Assert.Equal(1UL << 9, machine.Harts[1].MachineFile!.Read(InterruptFile.Pending));
        Write(machine, VirtMemoryMap.AplicM, 0x1BC0, 0); // locked
        Assert.Equal(0x24000UL, Read(machine, VirtMemoryMap.AplicM, 0x1BC0));
    }

    [Fact]
    public void Messages_go_to_interrupt_files_only()
    {
        using Machine machine = Build(InterruptArchitecture.Imsic, managed: false);
        foreach (ulong address in new[] { VirtMemoryMap.DramBase + 0x10_0000, VirtMemoryMap.AplicM.Base + 0x2000, 0xFFF_FFFF_F000UL })
        {
            Write(machine, VirtMemoryMap.AplicM, 0x1BC4, (uint)(address >> 44));
            Write(machine, VirtMemoryMap.AplicM, 0x1BC0, (uint)(address >> 12));
            Write(machine, VirtMemoryMap.AplicM, Genmsi, 77);
        }

        Assert.True(machine.Map.TryRead(VirtMemoryMap.DramBase + 0x10_0000, 4, out ulong value));
        Assert.Equal(0UL, value);
    }

    [Fact]
    public void With_an_APLIC_alone_its_wires_interrupt_harts()
    {
        using Machine machine = Build(InterruptArchitecture.Aplic, managed: true);
        Write(machine, VirtMemoryMap.AplicS, Sourcecfg + 40, 1);
        Write(machine, VirtMemoryMap.AplicS, Target + 40, (1 << 18) | 1);
        Write(machine, VirtMemoryMap.AplicS, Setie, 10);
        Write(machine, VirtMemoryMap.AplicS, Domaincfg, 0x100);
        Write(machine, VirtMemoryMap.AplicS, 0x4020, 1);
        Write(machine, VirtMemoryMap.AplicS, Setip, 10);
        Assert.Equal((0UL, 1UL << 9), (machine.Harts[0].Mip, machine.Harts[1].Mip));
        Assert.Null(machine.Harts[0].SupervisorFile);
        Assert.False(machine.Map.IsDevice(VirtMemoryMap.ImsicS.Base, 4));
    }

    [Theory]
    [InlineData(InterruptArchitecture.Plic, "plic@c000000", "", 1)]
    [InlineData(InterruptArchitecture.Aplic, "interrupt-controller@d000000", "interrupt-controller@c000000", 2)]
    [InlineData(InterruptArchitecture.Imsic, "interrupt-controller@d000000", "interrupt-controller@c000000 imsics@24000000", 2)]
    public void Devices_name_the_controller_and_machine_level_is_disabled_under_managed_firmware(InterruptArchitecture architecture, string controller, string machineLevel, int cells)
    {
        foreach (bool managed in new[] { true, false })
        {
            using Machine machine = Build(architecture, managed);
            DeviceTreeNode root = FlattenedDeviceTree.Parse(machine.DeviceTree.Span).Root;
            DeviceTreeNode soc = root.Find("soc")!;
            Assert.Equal(Value(soc.Find(controller)!, "phandle"), Value(soc.Find("serial@10000000")!, "interrupt-parent"));
            Assert.Equal(cells * 4, Value(soc.Find("serial@10000000")!, "interrupts").Length);
            foreach (DeviceTreeNode node in soc.Children)
            {
                bool disabled = managed && machineLevel.Split(' ').Contains(node.Name);
                Assert.Equal(disabled, node.Properties.Any(property => property.Key == "status"));
            }

            string isa = Encoding.ASCII.GetString(Value(root.Find("cpus")!.Find("cpu@0")!, "riscv,isa"));
            Assert.Equal(architecture != InterruptArchitecture.Plic, isa.Contains("_smaia", StringComparison.Ordinal));
            Assert.Equal(architecture != InterruptArchitecture.Plic, isa.Contains("_ssaia", StringComparison.Ordinal));
        }
    }

    private static byte[] Value(DeviceTreeNode node, string property) => node.Properties.Single(p => p.Key == property).Value;

    private static void Write(Machine machine, BoardRegion region, ulong offset, uint value) => Assert.True(machine.Map.TryWrite(region.Base + offset, 4, value));

    private static ulong Read(Machine machine, BoardRegion region, ulong offset)
    {
        Assert.True(machine.Map.TryRead(region.Base + offset, 4, out ulong value));
        return value;
    }

    private Machine Build(InterruptArchitecture architecture, bool managed) => new(
        new MachineOptions { Kernel = _kernel, Firmware = managed ? null : _kernel, Harts = 2, MemorySize = 64UL << 20, Interrupts = architecture }, this);
}
