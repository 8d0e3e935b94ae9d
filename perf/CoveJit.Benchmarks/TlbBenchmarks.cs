using BenchmarkDotNet.Attributes;
using CoveJit.Harts;
using CoveJit.Machines.Options;

namespace CoveJit.Benchmarks;

/// <summary>Loads that hit the software TLB, and loads that miss it. An operation is one load, with the loop around it.</summary>
[MemoryDiagnoser]
public class TlbBenchmarks
{
    private const int Loads = 1_000_000;
    private const int InstructionsPerLoad = 5;
    private const ulong Satp = 0x180;

    // Every page of a stretch twice as large as a bank: in a direct-mapped TLB none is left when its turn comes again.
    private const ulong Stretch = 4UL << 20;

    private BareHart _hit = null!;
    private BareHart _walk = null!;
    private BareHart _bare = null!;
    private ulong _address;

    [Params(Tiers.None, Tiers.Native)]
    public Tiers Tiers { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _hit = Loop(stride: 0);
        _walk = Loop(stride: 1);
        _bare = new BareHart(Rv.Jal(0, 0));
        _address = BareHart.Data;
        _hit.WarmUp();
        _walk.WarmUp();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _hit.Dispose();
        _walk.Dispose();
        _bare.Dispose();
    }

    [Benchmark(OperationsPerInvoke = Loads, Description = "hit, Sv39")]
    public void Hit() => _hit.Run(Loads * InstructionsPerLoad);

    [Benchmark(OperationsPerInvoke = Loads, Description = "miss, Sv39 walk of 3 levels")]
    public void MissWithWalk() => _walk.Run(Loads * InstructionsPerLoad);

    [Benchmark(OperationsPerInvoke = Loads, Description = "slow path and fill, no translation")]
    public ulong MissBare()
    {
        Hart hart = _bare.Hart;
        ulong sum = 0;
        for (int i = 0; i < Loads; i++)
        {
            hart.Load(_address, 8, out ulong value);
            sum += value;
            _address = BareHart.Data + ((_address + 0x1000 - BareHart.Data) & (Stretch - 1));
        }

        return sum;
    }

    // x12 steps through the stretch by x13 bytes; x14 wraps it.
    private BareHart Loop(ulong stride)
    {
        BareHart hart = new(
            Tiers,
            Rv.Csrrw(0, (uint)Satp, 11), Rv.Add(5, 10, 12), Rv.Ld(6, 5, 0), Rv.Add(12, 12, 13), Rv.And(12, 12, 14), Rv.Jal(0, -16));
        hart.EnterPaged();
        hart.Hart.WriteRegister(13, stride << 12);
        hart.Hart.WriteRegister(14, Stretch - 1);
        return hart;
    }
}
