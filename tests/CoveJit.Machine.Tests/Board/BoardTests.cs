using System.Buffers.Binary;
using System.Text;
using CoveJit.Devices.DeviceTree;
using CoveJit.Isa;
using CoveJit.Machines.Board;

namespace CoveJit.Machines.Tests.Board;

public sealed class BoardTests
{
    private static readonly HartDescription Hart = new(
        ExtensionSet.Of(Extension.I, Extension.M, Extension.A, Extension.F, Extension.D, Extension.C, Extension.S, Extension.Zicsr, Extension.Zba, Extension.Zicboz, Extension.Zicbom),
        ["svpbmt", "sstc"]);

    [Fact]
    public void No_two_devices_overlap_but_the_alternative_interrupt_controllers()
    {
        BoardRegion[] rows = [.. VirtMemoryMap.Table.Where(r => !r.Name.StartsWith("aplic", StringComparison.Ordinal))];
        for (int i = 1; i < rows.Length; i++)
        {
            Assert.True(rows[i - 1].Range.End <= rows[i].Base, $"{rows[i - 1].Name} and {rows[i].Name}");
        }

        Assert.True(rows[^1].Range.End <= VirtMemoryMap.DramBase);
        Assert.Equal(0x10008000UL, VirtMemoryMap.Virtio.BaseOf(7));
        Assert.Equal(8u, VirtMemoryMap.Virtio.InterruptOf(7));
        Assert.Throws<ArgumentOutOfRangeException>(() => VirtMemoryMap.Virtio.BaseOf(8));
    }

    [Fact]
    public void The_map_prints_as_a_table()
    {
        string[] lines = VirtMemoryMap.Print(1 << 30).ReplaceLineEndings("\n").Split('\n');
        Assert.Contains("virtio     0x10001000  0x1000 * 8   1-8", lines);
        Assert.Contains("uart0      0x10000000  0x100        10", lines);
        Assert.Equal("dram       0x80000000  0x40000000   -", lines[^2]);
        Assert.Equal("pcie_high  0x400000000  0x400000000  -", lines[^1]);
    }

    [Fact]
    public void Extension_names_follow_the_canonical_order()
    {
        Assert.Equal(
            ["i", "m", "a", "f", "d", "c", "zicbom", "zicboz", "zicsr", "zaamo", "zalrsc", "zca", "zcd", "zba", "sstc", "svpbmt"],
            Hart.ExtensionNames);
        Assert.Equal("rv64imafdc_zicbom_zicboz_zicsr_zaamo_zalrsc_zca_zcd_zba_sstc_svpbmt", Hart.IsaString);
    }

    [Fact]
    public void The_tree_describes_harts_memory_and_what_the_kernel_is_told()
    {
        AddressRange initrd = new(0x84200000, 0x1234);
        BoardDeviceTree tree = BoardDeviceTree.Build(
            2, Hart, 10_000_000, new AddressRange(0x80000000, 1UL << 32), new ChosenNode("console=ttyS0", "/soc/serial@10000000", initrd, new byte[] { 7 }), []);

        DeviceTreeNode chosen = tree.Root.Find("chosen")!;
        Assert.Equal("console=ttyS0\0", Text(chosen, "bootargs"));
        Assert.Equal("/soc/serial@10000000\0", Text(chosen, "stdout-path"));
        Assert.Equal([0, 0x84200000u], Cells(chosen, "linux,initrd-start"));
        Assert.Equal([0, 0x84201234u], Cells(chosen, "linux,initrd-end"));
        Assert.Equal([7], Value(chosen, "rng-seed"));
        Assert.Equal([0, 0x80000000u, 1, 0], Cells(tree.Root.Find("memory@80000000")!, "reg"));

        DeviceTreeNode cpus = tree.Root.Find("cpus")!;
        Assert.Equal([10_000_000u], Cells(cpus, "timebase-frequency"));
        DeviceTreeNode second = cpus.Find("cpu@1")!;
        Assert.Equal([1u], Cells(second, "reg"));
        Assert.Equal("riscv,sv57\0", Text(second, "mmu-type"));
        Assert.StartsWith("i\0m\0a\0", Text(second, "riscv,isa-extensions"), StringComparison.Ordinal);
        Assert.Equal([64u], Cells(second, "riscv,cboz-block-size"));
        Assert.Equal([64u], Cells(second, "riscv,cbom-block-size"));
        Assert.DoesNotContain(second.Properties, p => p.Key == "riscv,cbop-block-size");
        Assert.Equal([tree.HartInterruptController(1)], Cells(second.Find("interrupt-controller")!, "phandle"));
        Assert.NotNull(cpus.Find("cpu-map")!.Find("cluster0")!.Find("core1"));
    }

    [Fact]
    public void Without_entropy_there_is_no_seed()
    {
        BoardDeviceTree tree = BoardDeviceTree.Build(1, Hart, 10_000_000, new AddressRange(0x80000000, 1UL << 30), new ChosenNode(), []);
        Assert.DoesNotContain(tree.Root.Find("chosen")!.Properties, p => p.Key == "rng-seed");
    }

    [Fact]
    public void Devices_add_their_nodes_in_order_with_phandles_of_their_own()
    {
        List<uint> phandles = [];
        BoardDeviceTree tree = BoardDeviceTree.Build(
            3,
            Hart,
            10_000_000,
            new AddressRange(0x80000000, 1UL << 30),
            new ChosenNode(),
            [t => phandles.Add(t.Phandles.Reserve()), t => t.Soc.AddChild("first"), t => { t.Soc.AddChild("second"); phandles.Add(t.Phandles.Reserve()); }]);

        phandles.AddRange(tree.HartInterruptControllers());
        phandles.AddRange([.. Enumerable.Range(0, 3).Select(i => Cells(tree.Root.Find("cpus")!.Find($"cpu@{i}")!, "phandle")[0])]);
        Assert.Equal(phandles.Count, phandles.Distinct().Count());
        Assert.Equal(["first", "second"], tree.Soc.Children.Select(c => c.Name));
        Assert.Empty(tree.Root.Find("chosen")!.Properties);
    }

    [Fact]
    public void The_boot_rom_holds_what_its_code_loads()
    {
        byte[] rom = BootRom.Build(0x80000000, 0xbfe00000, new FwDynamicInfo(0x80200000, 0));
        Assert.Equal(0x80000000UL, BinaryPrimitives.ReadUInt64LittleEndian(rom.AsSpan(LoadOffset(rom, 16))));
        Assert.Equal(0xbfe00000UL, BinaryPrimitives.ReadUInt64LittleEndian(rom.AsSpan(LoadOffset(rom, 12))));
        int info = BinaryPrimitives.ReadInt32LittleEndian(rom.AsSpan(4)) >> 20;
        Assert.Equal("OSBI\0\0\0\0", Encoding.ASCII.GetString(rom, info, 8));
        Assert.Equal(2UL, BinaryPrimitives.ReadUInt64LittleEndian(rom.AsSpan(info + 8)));
        Assert.Equal(0x80200000UL, BinaryPrimitives.ReadUInt64LittleEndian(rom.AsSpan(info + 16)));
        Assert.Equal(1UL, BinaryPrimitives.ReadUInt64LittleEndian(rom.AsSpan(info + 24)));
        Assert.True(rom.Length <= (int)VirtMemoryMap.Mrom.Size);
    }

    private static int LoadOffset(byte[] rom, int instruction) => BinaryPrimitives.ReadInt32LittleEndian(rom.AsSpan(instruction)) >> 20;

    private static byte[] Value(DeviceTreeNode node, string property) => node.Properties.Single(p => p.Key == property).Value;

    private static string Text(DeviceTreeNode node, string property) => Encoding.UTF8.GetString(Value(node, property));

    private static uint[] Cells(DeviceTreeNode node, string property) =>
        [.. Value(node, property).Chunk(4).Select(c => BinaryPrimitives.ReadUInt32BigEndian(c))];
}
