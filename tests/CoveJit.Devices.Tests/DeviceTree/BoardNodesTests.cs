using CoveJit.Devices.DeviceTree;
using CoveJit.Devices.Interrupts;
using CoveJit.Devices.Power;
using CoveJit.Devices.Serial;
using CoveJit.Devices.Tests.BoardFakes;
using CoveJit.Devices.Time;

namespace CoveJit.Devices.Tests.DeviceTree;

/// <summary>The nodes devices contribute, against those of QEMU's virt board where it is installed.</summary>
public class BoardNodesTests
{
    private const uint Intc0 = 1;
    private const uint Intc1 = 2;

    [Fact]
    public void Nodes_name_their_registers_and_interrupts()
    {
        DeviceTreeNode root = Describe();
        DeviceTreeNode soc = root.Find("soc")!;
        DeviceTreeNode plic = soc.Find("plic@c000000")!;
        uint plicPhandle = plic.Cells("phandle")[0];
        Assert.Equal([Intc0, 11, Intc0, 9, Intc1, 11, Intc1, 9], plic.Cells("interrupts-extended"));
        Assert.Equal([95u], plic.Cells("riscv,ndev"));
        Assert.Equal([Intc0, 3, Intc0, 7, Intc1, 3, Intc1, 7], soc.Find("clint@2000000")!.Cells("interrupts-extended"));
        Assert.Equal(["sifive,clint0", "riscv,clint0"], soc.Find("clint@2000000")!.Strings("compatible"));
        DeviceTreeNode uart = soc.Find("serial@10000000")!;
        Assert.Equal([plicPhandle], uart.Cells("interrupt-parent"));
        Assert.Equal([10u], uart.Cells("interrupts"));
        uint[] syscon = soc.Find("test@100000")!.Cells("phandle");
        Assert.Equal(syscon, root.Find("poweroff")!.Cells("regmap"));
        Assert.Equal(syscon, root.Find("reboot")!.Cells("regmap"));
        Assert.NotEqual(plicPhandle, syscon[0]);
        FlattenedDeviceTree.Parse(new FlattenedDeviceTree(root).ToBytes());
    }

    [RequiresToolFact("qemu-system-riscv64")]
    public void Nodes_equal_those_of_qemus_virt_board()
    {
        string file = Path.GetTempFileName();
        try
        {
            FlattenedDeviceTreeTests.Run("qemu-system-riscv64", [], "-M", $"virt,dumpdtb={file}", "-smp", "2", "-m", "1G");
            DeviceTreeNode theirs = FlattenedDeviceTree.Parse(File.ReadAllBytes(file)).Root;
            DeviceTreeNode ours = Describe();
            Compare(ours, theirs, "poweroff");
            Compare(ours, theirs, "reboot");
            foreach (DeviceTreeNode node in ours.Find("soc")!.Children)
            {
                Compare(ours.Find("soc")!, theirs.Find("soc")!, node.Name);
            }
        }
        finally
        {
            File.Delete(file);
        }

        static void Compare(DeviceTreeNode ours, DeviceTreeNode theirs, string name)
        {
            DeviceTreeNode a = ours.Find(name)!;
            DeviceTreeNode? b = theirs.Find(name);
            Assert.True(b is not null, $"QEMU has no node {name}");
            Assert.Equal(b.Properties.Select(p => p.Key).Order(), a.Properties.Select(p => p.Key).Order());

            // Phandles are each tree's own affair, and QEMU 7.2 counts one source more than its PLIC has.
            string[] free = ["phandle", "regmap", "interrupt-parent", "interrupts-extended", "riscv,ndev"];
            foreach ((string key, byte[] value) in a.Properties.Where(p => !free.Contains(p.Key)))
            {
                Assert.True(value.AsSpan().SequenceEqual(b.Bytes(key)), $"{name}/{key}: {Convert.ToHexString(value)}, QEMU {Convert.ToHexString(b.Bytes(key))}");
            }
        }
    }

    private static DeviceTreeNode Describe()
    {
        DeviceTreeNode root = new("");
        PhandleAllocator phandles = new();
        Assert.Equal(Intc0, phandles.Reserve());
        Assert.Equal(Intc1, phandles.Reserve());
        uint plic = phandles.Reserve();
        DeviceTreeNode soc = root.AddChild("soc");
        Plic.Describe(soc, 0xC00_0000, plic, Plic.DefaultSources, Intc0, Intc1);
        Aclint.Describe(soc, 0x200_0000, Intc0, Intc1);
        Uart.Describe(soc, 0x1000_0000, plic, 10);
        GoldfishRtc.Describe(soc, 0x10_1000, plic, 11);
        TestFinisher.Describe(root, soc, 0x10_0000, phandles);
        return root;
    }
}
