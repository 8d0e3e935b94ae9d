using System.Text;

namespace CoveJit.Machines.Board;

/// <summary>
/// The memory map of the board: that of QEMU's <c>virt</c> machine, so that stock firmware and kernels run. One table, printed
/// by <c>covejit info</c> exactly as it is read. PLIC and APLIC share addresses: a machine has one or the other.
/// </summary>
public static class VirtMemoryMap
{
    /// <summary>Boot ROM: the reset vector.</summary>
    public static readonly BoardRegion Mrom = new("mrom", 0x1000, 0xf000);

    /// <summary>Test finisher and syscon: power-off and reboot.</summary>
    public static readonly BoardRegion Test = new("test", 0x100000, 0x1000);

    /// <summary>Goldfish real-time clock.</summary>
    public static readonly BoardRegion Rtc = new("rtc", 0x101000, 0x1000, 11);

    /// <summary>ACLINT: MSWI at offset 0, MTIMER at offset 0x4000.</summary>
    public static readonly BoardRegion Clint = new("clint", 0x02000000, 0x10000);

    /// <summary>IOMMU of the PCIe root complex. It has four wires.</summary>
    public static readonly BoardRegion Iommu = new("iommu", 0x03010000, 0x1000, 36);

    /// <summary>IOPMP, where the machine has one.</summary>
    public static readonly BoardRegion Iopmp = new("iopmp", 0x03020000, 0x20000, 12);

    /// <summary>Platform-level interrupt controller.</summary>
    public static readonly BoardRegion Plic = new("plic", 0x0c000000, 0x600000);

    /// <summary>Machine-level APLIC.</summary>
    public static readonly BoardRegion AplicM = new("aplic_m", 0x0c000000, 0x8000);

    /// <summary>Supervisor-level APLIC.</summary>
    public static readonly BoardRegion AplicS = new("aplic_s", 0x0d000000, 0x8000);

    /// <summary>NS16550A serial port.</summary>
    public static readonly BoardRegion Uart0 = new("uart0", 0x10000000, 0x100, 10);

    /// <summary>VirtIO-mmio slots.</summary>
    public static readonly BoardRegion Virtio = new("virtio", 0x10001000, 0x1000, 1, 8);

    /// <summary>Machine-level IMSIC files.</summary>
    public static readonly BoardRegion ImsicM = new("imsic_m", 0x24000000, 0x4000000);

    /// <summary>Supervisor-level and guest IMSIC files.</summary>
    public static readonly BoardRegion ImsicS = new("imsic_s", 0x28000000, 0x4000000);

    /// <summary>Distance of the files of one supervisor interrupt domain from those of the next.</summary>
    public const ulong ImsicDomainSize = 0x1000000;

    /// <summary>Supervisor interrupt domains that have room.</summary>
    public const int ImsicDomains = 4;

    /// <summary>PCIe configuration space (ECAM). The interrupts are the four wires'.</summary>
    public static readonly BoardRegion PcieEcam = new("pcie_ecam", 0x30000000, 0x10000000, 32);

    /// <summary>Window for PCIe functions' memory with 32-bit addresses.</summary>
    public static readonly BoardRegion PcieMemory = new("pcie_mem", 0x40000000, 0x40000000);

    /// <summary>Size of the window for PCIe functions' memory with 64-bit addresses, which lies above RAM at a multiple of it.</summary>
    public const ulong PcieHighMemorySize = 0x4_0000_0000;

    /// <summary>Address of the first byte of RAM.</summary>
    public const ulong DramBase = 0x80000000;

    /// <summary>Every row below RAM, by address.</summary>
    public static IReadOnlyList<BoardRegion> Table { get; } =
        [Mrom, Test, Rtc, Clint, Iommu, Iopmp, Plic, AplicM, AplicS, Uart0, Virtio, ImsicM, ImsicS, PcieEcam, PcieMemory];

    /// <summary>Window for PCIe functions' memory with 64-bit addresses, above RAM.</summary>
    /// <param name="memorySize">Size of RAM in bytes.</param>
    public static BoardRegion PcieHighMemory(ulong memorySize) =>
        new("pcie_high", (DramBase + memorySize + PcieHighMemorySize - 1) & ~(PcieHighMemorySize - 1), PcieHighMemorySize);


    /// <summary>The table as text, one row a line, RAM last.</summary>
    /// <param name="memorySize">Size of RAM in bytes.</param>
    public static string Print(ulong memorySize)
    {
        StringBuilder text = new();
        text.AppendLine("name       base        size         irq");
        foreach (BoardRegion region in Table)
        {
            text.AppendLine(region.ToString());
        }

        text.AppendLine(new BoardRegion("dram", DramBase, memorySize).ToString());
        text.Append(PcieHighMemory(memorySize).ToString());
        return text.ToString();
    }
}
