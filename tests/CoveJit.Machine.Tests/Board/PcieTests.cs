using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CoveJit.Devices.DeviceTree;
using CoveJit.Devices.Pcie;
using CoveJit.Harts.Tests;
using CoveJit.Machines.Board;
using CoveJit.Machines.Options;
using CoveJit.Machines.Tests.Loading;
using CoveJit.Monitor.SupervisorDomains;
using CoveJit.Tsm;
using CoveJit.Tsm.Abi;

namespace CoveJit.Machines.Tests.Board;

/// <summary>PCIe on the board, as a kernel finds it and as a bare-metal program drives it.</summary>
public sealed class PcieTests : IMachineHost, IDisposable
{
    private const ulong Image = 0x8020_0000, A = 0x8030_0000, B = 0x8031_0000, C = 0x8032_0000, Result = 0x8033_0000;
    private const ulong Ecam = 0x3000_0000, Bar = 0x4_0000_0000, SupervisorFile = 0x2800_0000;
    private const int Program = 0x40, Table = 0x1040, Size = 0x4000, Identity = 33;

    private readonly string _file = Path.GetTempFileName();
    private readonly List<string> _reports = [];

    public void Dispose() => File.Delete(_file);

    void IMachineHost.ConsoleWrite(ReadOnlySpan<byte> bytes)
    {
    }

    void IMachineHost.Report(string line) => _reports.Add(line);

    [Theory]
    [InlineData(InterruptArchitecture.Imsic, 7)]
    [InlineData(InterruptArchitecture.Aplic, 7)]
    [InlineData(InterruptArchitecture.Plic, 6)]
    public void The_root_complex_is_in_the_tree_where_there_is_a_function(InterruptArchitecture interrupts, int mapEntry)
    {
        File.WriteAllBytes(_file, Samples.LinuxImage());
        using Machine machine = new(new MachineOptions { Kernel = _file, Interrupts = interrupts, MatrixEngines = [new(FunctionOptions.Plain), new(FunctionOptions.Plain)] }, this);
        Assert.Equal(2, machine.RootPorts.Count);
        DeviceTreeNode node = FlattenedDeviceTree.Parse(machine.DeviceTree.Span).Root.Find("soc")!.Find("pci@30000000")!;
        Assert.Equal(interrupts == InterruptArchitecture.Imsic, node.Properties.Any(property => property.Key == "msi-parent"));
        Assert.Equal(16 * mapEntry * 4, node.Properties.Single(property => property.Key == "interrupt-map").Value.Length);
        Assert.True(machine.Map.TryRead(Ecam + 0x10000, 4, out ulong port));
        Assert.Equal(0x0001_434AUL, port);
        using Machine plain = new(new MachineOptions { Kernel = _file, Interrupts = interrupts }, this);
        Assert.Null(plain.Pcie);
        Assert.Null(FlattenedDeviceTree.Parse(plain.DeviceTree.Span).Root.Find("soc")!.Find("pci@30000000"));
        Assert.False(plain.Map.IsDevice(Ecam, 4));
    }

    [Theory]
    [InlineData(null, TsmModel.SupervisorDomain)]
    [InlineData(CoveProfile.Current, TsmModel.SupervisorDomain)]
    [InlineData(CoveProfile.Current, TsmModel.Static)]
    public void A_TEE_device_has_a_mailbox_and_IDE_and_belongs_to_the_TSM_if_there_is_one(CoveProfile? tsm, TsmModel model)
    {
        File.WriteAllBytes(_file, Samples.LinuxImage());
        using Machine machine = new(new MachineOptions { Kernel = _file, InstructionCount = true, MatrixEngines = [new(new FunctionOptions { Tee = TeeIdentity.Genuine }), new(FunctionOptions.Plain)], Tsm = tsm, TsmModel = model }, this);
        Assert.NotNull(machine.RootPorts[0].Link);
        Assert.Null(machine.RootPorts[1].Link);
        Assert.Equal([0x2Eu, 0x30], Extended(machine.RootPorts[0].Slot[0]));
        Assert.Empty(Extended(machine.RootPorts[1].Slot[0]));
        Assert.Contains(0x30u, Extended(machine.RootPorts[0]));
        Assert.Equal(machine.Tsm?.Domain.Sdid, machine.Pcie!.TrustedDomain);
        DeviceTreeNode? reserved = FlattenedDeviceTree.Parse(machine.DeviceTree.Span).Root.Find("reserved-memory");
        Assert.Equal(tsm is not null, reserved?.Children.Any(node => node.Name.StartsWith("tsm-iommu@", StringComparison.Ordinal)) == true);
        Assert.Empty(machine.Tsm?.Verify() ?? []);
    }

    private static List<uint> Extended(PcieFunction function)
    {
        List<uint> ids = [];
        for (int at = 0x100; at != 0 && function.ReadConfiguration(at, 4) is uint header and not 0; at = (int)(header >> 20))
        {
            ids.Add(header & 0xFFFF);
        }

        return ids;
    }

    [Fact]
    public void The_high_window_is_above_RAM()
    {
        Assert.Equal(0x4_0000_0000UL, VirtMemoryMap.PcieHighMemory(1UL << 30).Base);
        Assert.Equal(0x4_0000_0000UL, VirtMemoryMap.PcieHighMemory((14UL << 30)).Base);
        Assert.Equal(0x8_0000_0000UL, VirtMemoryMap.PcieHighMemory((14UL << 30) + 4096).Base);
    }

    /// <summary>The program sets up bridge, function and MSI-X, starts a multiplication of 2 x 2 matrices, waits for the message and takes it.</summary>
    [Theory]
    [InlineData(Tiers.None, true, false)]
    [InlineData(Tiers.Native | Tiers.Regions, false, false)]
    [InlineData(Tiers.Native | Tiers.Regions, true, true)]
    [InlineData(Tiers.Native | Tiers.Regions, false, true)]
    public void A_bare_metal_program_multiplies_matrices_and_gets_the_message(Tiers tiers, bool instructionCount, bool translated)
    {
        File.WriteAllBytes(_file, MakeImage(translated));
        using Machine machine = new(
            new MachineOptions { Kernel = _file, MemorySize = 64UL << 20, Tiers = tiers, InstructionCount = instructionCount, MatrixEngines = [new(FunctionOptions.Plain)], Iommu = translated }, this);
        MachineEnd end = machine.Run();
        Assert.True(end.Kind == MachineEndKind.PowerOff, $"{end}: {string.Join('\n', _reports)}");
        byte[] bytes = new byte[16];
        Assert.True(machine.Ram.TryRead(C, bytes));
        Assert.Equal([19, 22, 43, 50], MemoryMarshal.Cast<byte, int>(bytes).ToArray());
        Assert.True(machine.Ram.TryRead(Result, bytes));
        Assert.Equal([(Identity << 16) | Identity, 2], MemoryMarshal.Cast<byte, int>(bytes)[..2].ToArray());
    }

    /// <summary>The same program in a machine with supervisor domains, one of which may have the page that the product goes to.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void A_function_reaches_no_page_of_another_domain(bool translated, bool taken)
    {
        const int Done = 2, Error = 4;
        File.WriteAllBytes(_file, MakeImage(translated));
        using Machine machine = new(
            new MachineOptions
            {
                Kernel = _file,
                MemorySize = 64UL << 20,
                InstructionCount = true,
                MatrixEngines = [new(FunctionOptions.Plain)],
                Iommu = translated,
                SupervisorDomains = SupervisorDomainMode.On,
            },
            this);
        RootDomainManager domains = machine.Monitor!.Domains!;
        if (taken)
        {
            Assert.Equal(DomainError.None, domains.Assign(C, 4096, domains.Host, domains.Create("other")!));
        }

        MachineEnd end = machine.Run();
        Assert.True(end.Kind == MachineEndKind.PowerOff, $"{end}: {string.Join('\n', _reports)}");
        byte[] bytes = new byte[16];
        Assert.True(machine.Ram.TryRead(C, bytes));
        Assert.Equal(taken ? [0, 0, 0, 0] : [19, 22, 43, 50], MemoryMarshal.Cast<byte, int>(bytes).ToArray());
        Assert.True(machine.Ram.TryRead(Result, bytes));
        Assert.Equal([(Identity << 16) | Identity, taken ? Done | Error : Done], MemoryMarshal.Cast<byte, int>(bytes)[..2].ToArray());
        Assert.Equal(taken, MachineStatistics.Collect(machine).DeviceAccessesRefused > 0);
    }

    private static byte[] MakeImage(bool translated)
    {
        byte[] image = new byte[Size];
        BinaryPrimitives.WriteUInt32LittleEndian(image, Asm.Jal(0, Program));
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(8), 0x20_0000);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(16), Size);
        "RISCV\0\0\0RSC\u0005"u8.CopyTo(image.AsSpan(0x30));
        MemoryMarshal.AsBytes(Code().AsSpan()).CopyTo(image.AsSpan(Program));

        const ulong Port = Ecam + 0x8000, Function = Ecam + 0x10_0000, Msix = Bar + 0x2000;
        const uint Interrupt = 4, Start = 1;

        // The IOMMU: a directory of two levels, a context with an Sv39 first stage, and in its table two leaves of 1 GiB: interrupt files where they
        // are, RAM 1 GiB below.
        const ulong Iommu = 0x0301_0000, Directory = 0x8034_0000, Leaf = 0x8034_1000, Root = 0x8034_2000;
        const uint Page = 0xD7; // D, A, U, W, R, V
        ulong shift = translated ? 0x4000_0000UL : 0;
        (ulong Address, uint Value)[] iommu =
        [
            (Directory + (4 * 8), (uint)(Leaf >> 2) | 1), (Leaf, 1), (Leaf + 24, (uint)(Root >> 12)), (Leaf + 28, 8u << 28),
            (Root, Page), (Root + 8, (uint)(0x8000_0000UL >> 2) | Page), (Iommu + 0x10, (uint)(Directory >> 2) | 3), (Iommu + 0x14, 0),
        ];
        (ulong Address, uint Value)[] stores =
        [
            .. translated ? iommu : [],
            (Port + 0x18, 0x0001_0100), (Port + 0x24, 0x0001_0001), (Port + 0x28, 4), (Port + 0x2C, 4), (Port + 4, 6),
            (Function + 0x10, 0), (Function + 0x14, 4), (Function + 4, 6),
            (Msix, (uint)SupervisorFile), (Msix + 4, 0), (Msix + 8, Identity), (Msix + 12, 0),
            (Function + 0x7C, 0x8000_0011), // MSI-X enable, in the upper half of the capability's first word
            (A, 1), (A + 4, 2), (A + 8, 3), (A + 12, 4), (B, 5), (B + 4, 6), (B + 8, 7), (B + 12, 8),
            (Bar + 0x20, (uint)(A - shift)), (Bar + 0x28, (uint)(B - shift)), (Bar + 0x30, (uint)(C - shift)),
            (Bar + 0x38, 2), (Bar + 0x3C, 2), (Bar + 0x40, 2), (Bar + 0x44, 1), (Bar + 0x48, 8), (Bar + 0x4C, 8), (Bar + 0x50, 8),
            (Bar + 0x10, Start | Interrupt), (0, 0),
        ];
        for (int i = 0; i < stores.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(Table + (16 * i)), stores[i].Address);
            BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(Table + (16 * i) + 8), stores[i].Value);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(Table - 16), Result);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(Table - 8), Bar);
        return image;
    }

    private static uint[] Code()
    {
        const uint Siselect = 0x150, Sireg = 0x151, Stopei = 0x15C, Sie = 0x104;
        return
        [
            // The interrupt file: deliver, and enable the identity. The interrupt itself stays disabled in sstatus: WFI ends all the same.
            Asm.Addi(5, 0, 0x70), Asm.Csrrw(0, Siselect, 5), Asm.Addi(6, 0, 1), Asm.Csrrw(0, Sireg, 6),
            Asm.Addi(5, 0, 0xC0), Asm.Csrrw(0, Siselect, 5), Asm.Addi(6, 0, 1), Asm.I(0x13, 1, 6, 6, Identity), Asm.Csrrw(0, Sireg, 6),
            Asm.Addi(5, 0, 0x200), Asm.Csrrs(0, Sie, 5),

            // The table's stores; s0 is the table.
            0x0000_1417, Asm.Addi(8, 8, -44), // auipc s0, 1
            Asm.Load(8, 7, 8, 0), Asm.Load(4, 6, 8, 8), Asm.Bne(7, 0, 8), Asm.Jal(0, 16), Asm.Store(4, 6, 7, 0), Asm.Addi(8, 8, 16), Asm.Jal(0, -24),

            // Wait, take the message, note it and the engine's status, end.
            Asm.Wfi, Asm.Csrrw(9, Stopei, 0), Asm.Bne(9, 0, 8), Asm.Jal(0, -12),
            0x0000_1417, Asm.Addi(8, 8, -112), Asm.Load(8, 7, 8, 0), Asm.Load(8, 10, 8, 8), Asm.Store(4, 9, 7, 0), Asm.Load(4, 11, 10, 0x14), Asm.Store(4, 11, 7, 4),
            Asm.Fence, 0x0000_5537, Asm.Addi(10, 10, 0x555), 0x0010_05B7, Asm.Store(4, 10, 11, 0), Asm.Jal(0, 0),
        ];
    }
}
