using BenchmarkDotNet.Attributes;
using CoveJit.Devices.Serial;
using CoveJit.Devices.Virtio;
using CoveJit.Machines.Options;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Physical;

namespace CoveJit.Benchmarks;

/// <summary>A guest's way to a device register, by tier. An operation is one access, with the loop of two instructions around it.</summary>
[MemoryDiagnoser]
public class DeviceBenchmarks
{
    private const int Accesses = 200_000;
    private const int InstructionsPerAccess = 2;
    private const ulong UartBase = 0x1000_0000;
    private const ulong VirtioBase = 0x1000_1000;
    private const int LineStatus = 5;
    private const int QueueNotify = 0x50;
    private const int InterruptStatus = 0x60;

    private readonly List<BareHart> _harts = [];
    private BareHart _uartRead = null!;
    private BareHart _uartWrite = null!;
    private BareHart _virtioRead = null!;
    private BareHart _virtioNotify = null!;

    [Params(Tiers.None, Tiers.Native)]
    public Tiers Tiers { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _uartRead = Loop(Rv.Lbu(5, 11, LineStatus), UartBase);
        _uartWrite = Loop(Rv.Sb(0, 11, 0), UartBase);
        _virtioRead = Loop(Rv.Lw(5, 11, InterruptStatus), VirtioBase);
        _virtioNotify = Loop(Rv.Sw(0, 11, QueueNotify), VirtioBase);
    }

    [GlobalCleanup]
    public void Cleanup() => _harts.ForEach(hart => hart.Dispose());

    [Benchmark(OperationsPerInvoke = Accesses, Description = "UART, read of the line status")]
    public void UartRead() => _uartRead.Run(Accesses * InstructionsPerAccess);

    [Benchmark(OperationsPerInvoke = Accesses, Description = "UART, character sent")]
    public void UartWrite() => _uartWrite.Run(Accesses * InstructionsPerAccess);

    [Benchmark(OperationsPerInvoke = Accesses, Description = "VirtIO, read of the interrupt status")]
    public void VirtioRead() => _virtioRead.Run(Accesses * InstructionsPerAccess);

    [Benchmark(OperationsPerInvoke = Accesses, Description = "VirtIO, notification of a queue that is not set up")]
    public void VirtioNotify() => _virtioNotify.Run(Accesses * InstructionsPerAccess);

    private BareHart Loop(uint access, ulong device)
    {
        BareHart hart = new(Tiers, access, Rv.Jal(0, -4));
        hart.Map.Add(UartBase, Uart.WindowSize, new Uart("uart", new Unconnected(), new Nowhere()));
        VirtioRng rng = new("rng", new SeededEntropy(0));
        hart.Map.Add(VirtioBase, VirtioMmio.RegisterSpace, new VirtioMmio(rng, new RamDmaPort(hart.Map.Ram), new Unconnected()));
        hart.Hart.WriteRegister(11, device);
        hart.Run(Accesses * InstructionsPerAccess);
        _harts.Add(hart);
        return hart;
    }

    private sealed class Unconnected : IInterruptLine
    {
        public void Set(bool level)
        {
        }
    }

    private sealed class Nowhere : ICharacterBackend
    {
        public void Write(ReadOnlySpan<byte> bytes)
        {
        }
    }
}
