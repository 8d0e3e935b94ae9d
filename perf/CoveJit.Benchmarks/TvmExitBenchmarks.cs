using BenchmarkDotNet.Attributes;
using CoveJit.Harts;
using CoveJit.Harts.Tests;
using CoveJit.Translator.X64;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Tests;
using static CoveJit.Tsm.Tests.TestMachine;

namespace CoveJit.Benchmarks;

/// <summary>
/// The way out of a TVM and in again, all of it: an ecall that goes on to the host, the exit, a host that runs the vCPU again at once, and the
/// entry. Both sides are programs that the hart executes; the host's loop is five instructions, the TVM's four.
/// </summary>
[MemoryDiagnoser]
public class TvmExitBenchmarks
{
    private const int RoundTrips = 10_000;
    private const int Instructions = 9; // of a round trip
    private const int Id = 8;
    private const int Vcpu = 9;
    private const int Count = 18;
    private const uint SystemReset = 0x53525354;

    private TestMachine _machine = null!;

    [GlobalSetup]
    public void Setup()
    {
        _machine = new TestMachine();
        _machine.Tsm.Check = null; // the invariants are the tests' business
        ulong id = _machine.Launch([Riscv.Lui(17, SystemReset >> 12), Asm.Addi(17, 17, (int)(SystemReset & 0xFFF)), Asm.Ecall, Asm.Jal(0, -12)]);
        Hart hart = _machine.Hart0;
        _ = new NativeTranslator(hart.Code, threshold: 2);
        _machine.Write(Image, Asm.Addi(10, Id, 0), Asm.Addi(11, Vcpu, 0), Asm.Ecall, Asm.Addi(Count, Count, 1), Asm.Jal(0, -16));
        CoveFunction run = Find("run_tvm_vcpu");
        hart.WriteRegister(Id, id);
        hart.WriteRegister(Vcpu, 0);
        hart.WriteRegister(16, run.Number(_machine.Tsm.Abi.Profile)!.Value);
        hart.WriteRegister(17, (ulong)run.Extension);
        hart.Pc = Image;
        Run();
    }

    [GlobalCleanup]
    public void Cleanup() => _machine.Dispose();

    [Benchmark(OperationsPerInvoke = RoundTrips, Description = "out of a TVM to the host and back")]
    public void Run()
    {
        Hart hart = _machine.Hart0;
        ulong before = hart.ReadRegister(Count);
        hart.RunSlice(RoundTrips * Instructions);
        ulong done = hart.IsVirtual ? RoundTrips : hart.ReadRegister(Count) - before;
        if (done + 1 < RoundTrips)
        {
            throw new InvalidOperationException($"{done} round trips instead of {RoundTrips}");
        }
    }
}
