using BenchmarkDotNet.Attributes;
using CoveJit.Machines.Options;

namespace CoveJit.Benchmarks;

/// <summary>Guest loops in their steady state, by tier and instruction mix. An operation is one guest instruction; nothing may be allocated.</summary>
[MemoryDiagnoser]
public class ExecutionBenchmarks
{
    private const int Instructions = 4_000_000;

    private BareHart _hart = null!;

    public enum Loop
    {
        Arithmetic,
        Memory,
        Branches,
        Float,
    }

    [Params(Tiers.None, Tiers.Native, Tiers.Native | Tiers.Regions)]
    public Tiers Tiers { get; set; }

    [Params(Loop.Arithmetic, Loop.Memory, Loop.Branches, Loop.Float)]
    public Loop Mix { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _hart = Mix switch
        {
            Loop.Arithmetic => new BareHart(
                Tiers,
                Rv.Addi(5, 5, 1), Rv.Add(6, 6, 5), Rv.Slli(7, 6, 3), Rv.Xori(28, 7, 85),
                Rv.And(29, 28, 6), Rv.Mul(30, 29, 5), Rv.Add(31, 30, 7), Rv.Jal(0, -28)),
            Loop.Memory => new BareHart(
                Tiers,
                Rv.Ld(5, 10, 0), Rv.Addi(5, 5, 1), Rv.Sd(5, 10, 0), Rv.Ld(6, 10, 64),
                Rv.Sd(6, 10, 72), Rv.Ld(7, 10, 128), Rv.Sd(7, 10, 136), Rv.Jal(0, -28)),
            Loop.Branches => new BareHart(
                Tiers,
                Rv.Addi(5, 5, 1), Rv.Bne(5, 0, 8), Rv.Addi(6, 6, 1), Rv.Bne(5, 6, 8), Rv.Addi(6, 6, 1), Rv.Jal(0, -20)),
            _ => FloatHart(),
        };
        _hart.WarmUp();
    }

    [GlobalCleanup]
    public void Cleanup() => _hart.Dispose();

    [Benchmark(OperationsPerInvoke = Instructions)]
    public void Run() => _hart.Run(Instructions);

    // mstatus.FS must be on first; the loop then runs without the write.
    private BareHart FloatHart()
    {
        const uint Mstatus = 0x300;
        BareHart hart = new(
            Tiers,
            Rv.Csrrw(0, Mstatus, 11), Rv.Fadd(0, 1, 2), Rv.Fadd(1, 2, 3), Rv.Fadd(2, 3, 4), Rv.Fadd(3, 4, 5), Rv.Fadd(4, 5, 6),
            Rv.Fadd(5, 6, 7), Rv.Fadd(6, 7, 0), Rv.Jal(0, -28));
        hart.Hart.WriteRegister(11, 1 << 13);
        return hart;
    }
}
