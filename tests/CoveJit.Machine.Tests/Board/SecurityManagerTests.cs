using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CoveJit.Harts.Tests;
using CoveJit.Machines.Options;
using CoveJit.Tsm.Abi;

namespace CoveJit.Machines.Tests.Board;

/// <summary>
/// A bare-metal host on the board: a program that makes the calls of a table, the last of which runs a TVM. The TVM counts to a million and asks for a
/// reset; the host compares what it is told and ends the machine by the test finisher.
/// </summary>
public sealed class SecurityManagerTests : IMachineHost, IDisposable
{
    private const ulong Image = 0x8020_0000;
    private const int Program = 0x40;
    private const int Guest = 0x1000;
    private const int Parameters = 0x2000;
    private const int Table = 0x3040;
    private const int Size = 0x4000;
    private const ulong Nacl = 0x8030_0000;
    private const ulong Confidential = 0x8040_0000;
    private const ulong GuestMemory = 0x8000_0000;
    private const ulong Count = 0x10_0000;
    private const ulong Host = (ulong)CoveExtension.Host;
    private const uint SystemReset = 0x5352_5354;

    private readonly string _kernel = Path.GetTempFileName();
    private readonly List<string> _reports = [];

    public void Dispose() => File.Delete(_kernel);

    void IMachineHost.ConsoleWrite(ReadOnlySpan<byte> bytes)
    {
    }

    void IMachineHost.Report(string line) => _reports.Add(line);

    [Theory]
    [InlineData(Tiers.None, true)]
    [InlineData(Tiers.Native, true)]
    [InlineData(Tiers.Native | Tiers.Regions, true)]
    [InlineData(Tiers.Native | Tiers.Regions, false)]
    public void A_host_makes_and_runs_a_TVM(Tiers tiers, bool instructionCount)
    {
        File.WriteAllBytes(_kernel, MakeImage());
        using Machine machine = new(
            new MachineOptions
            {
                Kernel = _kernel,
                MemorySize = 64UL << 20,
                Tiers = tiers,
                RegionThreshold = 1000,
                InstructionCount = instructionCount,
                Tsm = CoveProfile.Current,
                Trace = TraceKinds.Cove,
            },
            this);
        MachineEnd end = machine.Run();
        Assert.True(end.Kind == MachineEndKind.PowerOff, $"{end}: {string.Join('\n', _reports)}");
        Assert.Empty(machine.Tsm!.Verify());
        CoveStatistics statistics = MachineStatistics.Collect(machine).Cove!;
        Assert.Equal((1, 1, 1), (statistics.Entries, statistics.Exits[10], statistics.Calls["sbi_covh_run_tvm_vcpu"].Calls));
        Assert.Equal(13, _reports.Count);
        Assert.Equal("cove hart 0 sbi_covh_convert_pages(base_page_address=0x80400000, num_pages=0x40) = SUCCESS, 0x0", _reports[0]);
        Assert.Equal("cove hart 0 sbi_covh_run_tvm_vcpu(tvm_guest_id=0x1, tvm_vcpu_id=0x0)", _reports[^1]);
    }

    private static byte[] MakeImage()
    {
        byte[] image = new byte[Size];
        BinaryPrimitives.WriteUInt32LittleEndian(image, Asm.Jal(0, Program));
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(8), 0x20_0000);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(16), Size);
        "RISCV\0\0\0RSC\u0005"u8.CopyTo(image.AsSpan(0x30));
        Put(image, Program, HostProgram());
        Put(image, Guest, [Lui(5, 0x100), Asm.Addi(10, 10, 1), Asm.Bne(10, 5, -4), Asm.Addi(16, 0, 0), Lui(17, SystemReset >> 12), Asm.Addi(17, 17, (int)(SystemReset & 0xFFF)), Asm.Ecall]);
        Put(image, Parameters, [Confidential, Confidential + 0x4000]);
        ulong[][] calls =
        [
            Call(Host, 1, Confidential, 64), Call(Host, 3), Call(Host, 4), Call(Host, 5, Image + Parameters, 16), Call(Host, 9, 1, GuestMemory, 0x10_0000),
            Call(Host, 10, 1, Confidential + 0x5000, 8), Call(Host, 14, 1, 0, Confidential + 0xD000),
            Call(Host, 11, 1, Image + Guest, Confidential + 0xE000, 0, 1, GuestMemory), Call(Host, 6, 1, GuestMemory, 0, 0), Call((ulong)CoveExtension.SharedMemory, 0, 0),
            Call((ulong)CoveExtension.SharedMemory, 1, Nacl, 0, 0), Call(Host, 12, 1, Confidential + 0x10000, 0, 2, GuestMemory + 0x2000), Call(Host, 15, 1, 0),
            [Nacl + (10 * 8), Count, 0, 0, 0, 0, 0, 0],
        ];
        Put(image, Table, [.. calls.SelectMany(call => call)]);
        return image;
    }

    // a0 to a5, a6, a7
    private static ulong[] Call(ulong extension, ulong function, params ulong[] arguments)
    {
        ulong[] registers = new ulong[8];
        arguments.CopyTo(registers, 0);
        (registers[6], registers[7]) = (function, extension);
        return registers;
    }

    private static uint[] HostProgram()
    {
        uint[] loads = [.. Enumerable.Range(0, 7).Select(i => Asm.Load(8, 10 + i, 8, 8 * i))];
        int fail = 4 * 28; // where the host ends after a failure
        uint[] program =
        [
            0x0000_3417, // auipc s0, 3: the table
            Asm.Load(8, 17, 8, 56), Beq(17, 0, 4 * 12), .. loads, Asm.Ecall, Asm.Bne(10, 0, fail - (4 * 11)), Asm.Addi(8, 8, 64), Asm.Jal(0, -4 * 12),
            Asm.Csrrs(5, 0x142, 0), Asm.Addi(6, 0, 10), Asm.Bne(5, 6, fail - (4 * 16)), Asm.Load(8, 5, 8, 0), Asm.Load(8, 5, 5, 0), Asm.Load(8, 6, 8, 8), Asm.Bne(5, 6, fail - (4 * 20)),
            Lui(7, 5), Asm.Addi(7, 7, 0x555), Lui(6, 0x100), Asm.Store(4, 7, 6, 0), Asm.Jal(0, 0), Asm.Nop, Asm.Nop,
            Lui(7, 0x13), Asm.Addi(7, 7, 0x333), Lui(6, 0x100), Asm.Store(4, 7, 6, 0), Asm.Jal(0, 0),
        ];
        Assert.Equal(Lui(7, 0x13), program[fail / 4]);
        Assert.Equal(Asm.Csrrs(5, 0x142, 0), program[2 + 12]);
        return program;
    }

    private static void Put<T>(byte[] image, int offset, ReadOnlySpan<T> values)
        where T : unmanaged => MemoryMarshal.AsBytes(values).CopyTo(image.AsSpan(offset));

    private static void Put(byte[] image, int offset, uint[] values) => Put<uint>(image, offset, values);

    private static void Put(byte[] image, int offset, ulong[] values) => Put<ulong>(image, offset, values);

    private static uint Lui(int rd, uint imm20) => 0x37 | ((uint)rd << 7) | (imm20 << 12);

    private static uint Beq(int rs1, int rs2, int offset) => Asm.Bne(rs1, rs2, offset) & ~(1u << 12);
}
