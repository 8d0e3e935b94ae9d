using BenchmarkDotNet.Attributes;
using CoveJit.Machines.Options;

namespace CoveJit.Benchmarks;

/// <summary>The way from block to block, by tier. An operation is one block of one or two cheap instructions and the way to the next.</summary>
[MemoryDiagnoser]
public class DispatchBenchmarks
{
    private const int Blocks = 3_000_000;
    private const int InstructionsInPair = 2;
    private const int InstructionWords = 1024; // of a page

    private BareHart _direct = null!;
    private BareHart _pages = null!;
    private BareHart _calls = null!;
    private BareHart _indirect = null!;

    [Params(Tiers.None, Tiers.Native, Tiers.Native | Tiers.Regions)]
    public Tiers Tiers { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _direct = new BareHart(Tiers, Rv.Addi(5, 5, 1), Rv.Jal(0, 8), 0, Rv.Addi(6, 6, 1), Rv.Jal(0, -16));
        _pages = Pages();
        _calls = new BareHart(Tiers, Rv.Jal(1, 8), Rv.Jal(0, -4), Rv.Jalr(0, 1, 0));
        _indirect = Indirect();
        foreach (BareHart hart in Harts)
        {
            hart.WarmUp();
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        foreach (BareHart hart in Harts)
        {
            hart.Dispose();
        }
    }

    [Benchmark(OperationsPerInvoke = Blocks, Description = "jump in the page")]
    public void Direct() => _direct.Run(Blocks * InstructionsInPair);

    [Benchmark(OperationsPerInvoke = Blocks, Description = "jump to another page")]
    public void OtherPage() => _pages.Run(Blocks * InstructionsInPair);

    [Benchmark(OperationsPerInvoke = Blocks, Description = "call, return, jump")]
    public void Calls() => _calls.Run(Blocks);

    // Seven instructions in three blocks.
    [Benchmark(OperationsPerInvoke = Blocks, Description = "call of one of 16, return, jump")]
    public void IndirectCalls() => _indirect.Run(Blocks / 3 * 7L);

    private BareHart[] Harts => [_direct, _pages, _calls, _indirect];

    private BareHart Pages()
    {
        uint[] program = new uint[InstructionWords + 2];
        program[0] = Rv.Addi(5, 5, 1);
        program[1] = Rv.Jal(0, (InstructionWords - 1) * sizeof(uint));
        program[InstructionWords] = Rv.Addi(6, 6, 1);
        program[InstructionWords + 1] = Rv.Jal(0, -(InstructionWords + 1) * sizeof(uint));
        return new BareHart(Tiers, program);
    }

    // x5 steps through 16 functions of 64 bytes each, 1 KiB from the start; x8 is where the next one is.
    private BareHart Indirect()
    {
        const int Functions = 16;
        const int Size = 64;
        const int First = Functions * Size;
        uint[] program = new uint[2 * First / sizeof(uint)];
        program[0] = Rv.Addi(5, 5, Size);
        program[1] = Rv.And(5, 5, 7);
        program[2] = Rv.Or(8, 5, 9);
        program[3] = Rv.Jalr(1, 8, 0);
        program[4] = Rv.Jal(0, -4 * sizeof(uint));
        for (int i = 0; i < Functions; i++)
        {
            int at = (First + (i * Size)) / sizeof(uint);
            program[at] = Rv.Addi(6, 6, i);
            program[at + 1] = Rv.Jalr(0, 1, 0);
        }

        BareHart hart = new(Tiers, program);
        hart.Hart.WriteRegister(7, First - 1);
        hart.Hart.WriteRegister(9, BareHart.Base + First);
        return hart;
    }
}
