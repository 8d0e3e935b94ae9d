using System.Runtime.InteropServices;
using CoveJit.Machines.Options;
using CoveJit.Machines.Tests.Loading;

namespace CoveJit.Machines.Tests.Inspection;

/// <summary>A bare-metal program that runs a loop of one block and then reports success through tohost.</summary>
internal sealed class LoopProgram : IMachineHost, IDisposable
{
    public const ulong Start = 0x8000_0000;
    public const ulong Loop = Start + 8;
    public const ulong AfterLoop = Start + 0x18;

    // tohost is not in the page of the code, which a store there would discard.
    private const int Size = 0x2000;

    private static readonly uint[] Code =
    [
        0x0000_0293, // addi t0, zero, 0
        0x7D00_0313, // addi t1, zero, 2000
        0x0035_0513, // loop: addi a0, a0, 3
        0x00A5_85B3, //       add a1, a1, a0
        0x0012_8293, //       addi t0, t0, 1
        0xFE62_9AE3, //       bne t0, t1, loop
        0x0000_1397, // auipc t2, 1
        0x0010_0E13, // addi t3, zero, 1
        0x3FC3_B423, // sd t3, 0x3e8(t2): tohost
        0x0000_006F, // j .
    ];

    private readonly string _path = Path.GetTempFileName();

    public LoopProgram()
    {
        byte[] elf = Samples.Elf([(Start, Start, Size, Size)], Start, ("_start", Start, 8), ("loop", Loop, 0x10), ("tohost", Start + 0x1400, 8));
        Span<byte> segment = elf.AsSpan(64 + 56, Size);
        segment.Clear();
        MemoryMarshal.AsBytes<uint>(Code).CopyTo(segment);
        File.WriteAllBytes(_path, elf);
    }

    public List<string> Reports { get; } = [];

    public MachineOptions Options => new() { HtifProgram = _path, MemorySize = MachineOptions.LeastMemory, InstructionCount = true, HotThreshold = 2, RegionThreshold = 100 };

    public void ConsoleWrite(ReadOnlySpan<byte> bytes)
    {
    }

    public void Report(string line) => Reports.Add(line);

    public void Dispose() => File.Delete(_path);
}
