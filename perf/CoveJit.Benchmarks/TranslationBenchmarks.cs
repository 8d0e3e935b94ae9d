using BenchmarkDotNet.Attributes;
using CoveJit.Harts.Code;
using CoveJit.Translator;
using CoveJit.Translator.X64;

namespace CoveJit.Benchmarks;

/// <summary>What translation costs, by tier. An operation is one guest instruction; the region's time is that of the compiling thread, waited for.</summary>
[MemoryDiagnoser]
public unsafe class TranslationBenchmarks
{
    private const int Blocks = 16;
    private const int InstructionsInBlock = 10;
    private const int Instructions = Blocks * InstructionsInBlock;
    private const int Rounds = 20;

    private BareHart _native = null!;
    private BareHart _region = null!;
    private ITranslator _nativeTranslator = null!;
    private RegionTranslator _regionTranslator = null!;

    [GlobalSetup]
    public void Setup()
    {
        // Translated when the benchmark says so, by no threshold.
        _native = new BareHart(Program());
        _nativeTranslator = new NativeTranslator(_native.Hart.Code, uint.MaxValue);
        _region = new BareHart(Program());
        _regionTranslator = new RegionTranslator(_region.Hart.Code, [_region.Hart]);
        _region.Hart.Code.Attach(_regionTranslator, uint.MaxValue);
        _native.Run(Instructions * 1000);
        _region.Run(Instructions * 1000);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _regionTranslator.Dispose();
        _native.Dispose();
        _region.Dispose();
    }

    [Benchmark(OperationsPerInvoke = Instructions * Rounds, Description = "native code of blocks")]
    public void Native()
    {
        CodeCache code = _native.Hart.Code;
        for (int round = 0; round < Rounds; round++)
        {
            for (ulong i = 0; i < Blocks; i++)
            {
                ulong pc = BareHart.Base + (i * InstructionsInBlock * sizeof(uint));
                Block* block = code.Find(pc, out _);
                block->Entry = 0; // what has an entry is not translated again
                _nativeTranslator.OnHot(_native.Hart, pc, block);
            }

            lock (code.Sync)
            {
                _nativeTranslator.OnReset(); // the memory is used again
            }
        }
    }

    [Benchmark(OperationsPerInvoke = Instructions, Description = "a region")]
    public void Region()
    {
        CodeCache code = _region.Hart.Code;
        Block* block = code.Find(BareHart.Base, out _);
        ((ITranslator)_regionTranslator).OnHot(_region.Hart, BareHart.Base, block);
        SpinWait spin = default;
        while (Volatile.Read(ref block->Entry) == 0)
        {
            spin.SpinOnce();
        }

        lock (code.Sync)
        {
            ((ITranslator)_regionTranslator).OnReset();
        }

        _region.Run(Instructions); // a region that is dropped leaves its block cold
    }

    // Arithmetic, loads, stores and branches that are hardly ever taken; each block falls through or jumps to the next one, the last to the first.
    private static uint[] Program()
    {
        List<uint> program = [];
        for (int i = 0; i < Blocks; i++)
        {
            program.AddRange(
                Rv.Ld(5, 10, 8 * i), Rv.Addi(5, 5, 1), Rv.Slli(6, 5, 3), Rv.Add(7, 6, 5), Rv.Sd(7, 10, 8 * i),
                Rv.Xori(28, 7, 85), Rv.Mul(29, 28, 5), Rv.And(30, 29, 6), Rv.Add(31, 30, 7));
            int back = -(Instructions - 1) * sizeof(uint);
            program.Add(i == Blocks - 1 ? Rv.Jal(0, back) : Rv.Bne(31, 0, sizeof(uint)));
        }

        return [.. program];
    }
}
