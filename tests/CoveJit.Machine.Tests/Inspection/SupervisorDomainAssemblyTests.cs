using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using CoveJit.Machines.Inspection;
using CoveJit.Machines.Options;
using CoveJit.Machines.Tests.Loading;

namespace CoveJit.Machines.Tests.Inspection;

/// <summary>What <c>--dump-asm</c> shows of loads and stores is the same without and with a memory protection table: permissions are in the TLB.</summary>
public sealed partial class SupervisorDomainAssemblyTests : IMachineHost, IDisposable
{
    private const ulong Start = 0x8020_0000;
    private const ulong Loop = Start + 0xC;
    private const int Size = 0x2000;

    private static readonly uint[] Kernel =
    [
        0x0000_0293, // addi t0, zero, 0
        0x7D00_0313, // addi t1, zero, 2000
        0x0000_1397, // auipc t2, 1
        0x0003_B503, // loop: ld a0, 0(t2)
        0x0035_0513, //       addi a0, a0, 3
        0x00A3_B023, //       sd a0, 0(t2)
        0x0012_8293, //       addi t0, t0, 1
        0xFE62_98E3, //       bne t0, t1, loop
        0x0080_0893, // addi a7, zero, 8: shutdown
        0x0000_0073, // ecall
    ];

    private readonly string _path = Path.GetTempFileName();

    public SupervisorDomainAssemblyTests()
    {
        byte[] elf = Samples.Elf([(Start, Start, Size, Size)], Start, ("_start", Start, 8), ("loop", Loop, 0x14));
        Span<byte> segment = elf.AsSpan(64 + 56, Size);
        segment.Clear();
        MemoryMarshal.AsBytes<uint>(Kernel).CopyTo(segment);
        File.WriteAllBytes(_path, elf);
    }

    public void Dispose() => File.Delete(_path);

    void IMachineHost.ConsoleWrite(ReadOnlySpan<byte> bytes)
    {
    }

    void IMachineHost.Report(string line)
    {
    }

    [Theory]
    [InlineData(Tiers.Native, SupervisorDomainMode.On)]
    [InlineData(Tiers.Native, SupervisorDomainMode.Pages)]
    [InlineData(Tiers.Regions, SupervisorDomainMode.Pages)]
    public void Host_code_of_the_same_load_is_the_same(Tiers tiers, SupervisorDomainMode mode)
    {
        string without = Dump(tiers, SupervisorDomainMode.Off, out ulong reads);
        Assert.Equal(0UL, reads);
        string with = Dump(tiers, mode, out reads);
        Assert.NotEqual(0UL, reads);
        Assert.Contains("ld a0, 0(t2)", without, StringComparison.Ordinal);
        Assert.True(without.Count(c => c == '\n') > 30, without);
        Assert.Equal(without, with);
    }

    // Where the machine's own memory lies differs from machine to machine.
    [GeneratedRegex("[0-9A-Fa-f]{9,16}h?")]
    private static partial Regex HostAddress();

    private string Dump(Tiers tiers, SupervisorDomainMode mode, out ulong reads)
    {
        MachineOptions options = new()
        {
            Kernel = _path,
            MemorySize = 64 << 20,
            InstructionCount = true,
            Check = true, // regions are compiled where they are asked for
            Tiers = tiers,
            HotThreshold = 2,
            RegionThreshold = 100,
            SupervisorDomains = mode,
            DumpAsm = new DumpTarget(Loop),
        };
        using Machine machine = new(options, this);
        Assert.Equal(new MachineEnd(MachineEndKind.PowerOff), machine.Run());
        byte[] sum = new byte[8];
        Assert.True(machine.Ram.TryRead(Start + 0x1008, sum));
        Assert.Equal(6000UL, BinaryPrimitives.ReadUInt64LittleEndian(sum));
        reads = machine.Harts[0].ProtectionTableReads;
        StringWriter output = new() { NewLine = "\n" };
        AssemblyReport.Write(machine, output);
        return HostAddress().Replace(output.ToString(), "HOST");
    }
}
