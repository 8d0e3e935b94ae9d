using System.Globalization;
using CoveJit.Devices.DeviceTree;

namespace CoveJit.Machines.Board;

/// <summary>
/// Builds the board's device tree (Devicetree Specification 0.4; RISC-V bindings of Linux): the nodes no device owns are made
/// here, each device adds its own through a <see cref="DeviceTreeContributor"/>.
/// </summary>
public sealed class BoardDeviceTree
{
    private readonly uint _harts;

    private BoardDeviceTree(int harts)
    {
        _harts = (uint)harts;
        for (uint i = 0; i < 2 * _harts; i++)
        {
            Phandles.Reserve(); // the harts and their interrupt controllers, by number
        }

        Root = new DeviceTreeNode(string.Empty);
        Soc = new DeviceTreeNode("soc");
    }

    /// <summary>The root node.</summary>
    public DeviceTreeNode Root { get; }

    /// <summary>The <c>/soc</c> node, a simple-bus with two address and two size cells.</summary>
    public DeviceTreeNode Soc { get; private set; }

    /// <summary>Number of harts.</summary>
    public int HartCount => (int)_harts;

    /// <summary>Builds the whole tree.</summary>
    /// <param name="harts">Number of harts, numbered from 0.</param>
    /// <param name="hart">What each hart implements.</param>
    /// <param name="timebaseFrequency">Frequency of the time CSR in hertz.</param>
    /// <param name="memory">RAM.</param>
    /// <param name="chosen">What the kernel is told.</param>
    /// <param name="devices">The devices' parts, in order.</param>
    public static BoardDeviceTree Build(
        int harts,
        HartDescription hart,
        ulong timebaseFrequency,
        AddressRange memory,
        ChosenNode chosen,
        IEnumerable<DeviceTreeContributor> devices)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(harts);
        BoardDeviceTree tree = new(harts);
        tree.Root
            .SetCells("#address-cells", 2)
            .SetCells("#size-cells", 2)
            .Set("compatible", "riscv-virtio")
            .Set("model", "riscv-virtio,covejit");
        tree.DescribeChosen(chosen);
        tree.DescribeHarts(hart, timebaseFrequency);
        tree.Root.AddChild(string.Create(CultureInfo.InvariantCulture, $"memory@{memory.Start:x}"))
            .Set("device_type", "memory")
            .SetPairs("reg", memory.Start, memory.Size);
        tree.Soc = tree.Root.AddChild("soc")
            .SetCells("#address-cells", 2)
            .SetCells("#size-cells", 2)
            .Set("compatible", "simple-bus")
            .Set("ranges");
        foreach (DeviceTreeContributor device in devices)
        {
            device(tree);
        }

        return tree;
    }

    /// <summary>Phandle of a hart's <c>riscv,cpu-intc</c> node, for <c>interrupts-extended</c>.</summary>
    public uint HartInterruptController(int hart)
    {
        CheckHart(hart);
        return _harts + (uint)hart + 1;
    }

    /// <summary>Every hart's <see cref="HartInterruptController"/>, by hart.</summary>
    public uint[] HartInterruptControllers() => [.. Enumerable.Range(0, HartCount).Select(HartInterruptController)];

    /// <summary>The tree's phandles.</summary>
    public PhandleAllocator Phandles { get; } = new();

    private void DescribeChosen(ChosenNode chosen)
    {
        DeviceTreeNode node = Root.AddChild("chosen");
        if (!string.IsNullOrEmpty(chosen.BootArguments))
        {
            node.Set("bootargs", chosen.BootArguments);
        }

        if (chosen.StandardOutputPath is { } path)
        {
            node.Set("stdout-path", path);
        }

        if (chosen.Initrd is { } initrd)
        {
            node.SetPairs("linux,initrd-start", initrd.Start).SetPairs("linux,initrd-end", initrd.End);
        }

        if (chosen.RandomSeed is { } seed)
        {
            node.Set("rng-seed", seed.Span);
        }
    }

    private void DescribeHarts(HartDescription hart, ulong timebaseFrequency)
    {
        DeviceTreeNode cpus = Root.AddChild("cpus")
            .SetCells("#address-cells", 1)
            .SetCells("#size-cells", 0)
            .SetCells("timebase-frequency", checked((uint)timebaseFrequency));
        string[] extensions = [.. hart.ExtensionNames];
        for (int i = 0; i < HartCount; i++)
        {
            DeviceTreeNode cpu = cpus.AddChild(string.Create(CultureInfo.InvariantCulture, $"cpu@{i:x}"))
                .Set("device_type", "cpu")
                .SetCells("reg", (uint)i)
                .Set("status", "okay")
                .Set("compatible", "riscv")
                .Set("riscv,isa-base", "rv64i")
                .Set("riscv,isa-extensions", extensions)
                .Set("riscv,isa", hart.IsaString)
                .Set("mmu-type", hart.MmuType)
                .SetCells("phandle", (uint)i + 1);
            foreach ((string extension, string property) in (ReadOnlySpan<(string, string)>)
                [("zicbom", "riscv,cbom-block-size"), ("zicboz", "riscv,cboz-block-size"), ("zicbop", "riscv,cbop-block-size")])
            {
                if (extensions.Contains(extension))
                {
                    cpu.SetCells(property, HartDescription.CacheBlockSize);
                }
            }

            cpu.AddChild("interrupt-controller")
                .SetCells("#interrupt-cells", 1)
                .Set("interrupt-controller")
                .Set("compatible", "riscv,cpu-intc")
                .SetCells("phandle", HartInterruptController(i));
        }

        DeviceTreeNode cluster = cpus.AddChild("cpu-map").AddChild("cluster0");
        for (int i = 0; i < HartCount; i++)
        {
            cluster.AddChild(string.Create(CultureInfo.InvariantCulture, $"core{i}")).SetCells("cpu", (uint)i + 1);
        }
    }

    private void CheckHart(int hart)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(hart);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(hart, HartCount);
    }
}
