using BenchmarkDotNet.Attributes;
using CoveJit.Harts;
using CoveJit.Harts.State;
using CoveJit.Memory.Protection;
using CoveJit.Memory.Translation;
using CoveJit.Monitor.SupervisorDomains;

namespace CoveJit.Benchmarks;

/// <summary>What supervisor domains cost: going to another one and back, a TLB miss under a memory protection table, and moving a page.</summary>
[MemoryDiagnoser]
public class SupervisorDomainBenchmarks
{
    private const int Operations = 100_000;
    private const ulong Page = 0x1000;
    private const ulong Tables = BareHart.Data + (32UL << 20);
    private const ulong TablesSize = 1UL << 20;
    private const ulong Stretch = 4UL << 20; // twice what a bank of the TLB holds
    private const uint SelfJump = 0x0000_006F;

    private BareHart _hart = null!;
    private RootDomainManager _domains = null!;
    private SupervisorDomain _other = null!;
    private ulong _address;

    [Params(MptLeaves.Largest, MptLeaves.Pages)]
    public MptLeaves Leaves { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _hart = new BareHart(SelfJump);
        Hart hart = _hart.Hart;
        hart.OpenPmp();
        _domains = new RootDomainManager([hart], Tables, TablesSize, Leaves);
        _other = _domains.Create("other")!;
        _domains.Assign(BareHart.Data + (16UL << 20), Page, _domains.Host, _other);
        hart.Adopt(_domains.Host.Context(0), _domains.Host.Mmpt);
        hart.Enter(PrivilegeMode.Supervisor, BareHart.Base, 0, 0);
        SupervisorContext context = _other.Context(0);
        context.Pc = BareHart.Data + (16UL << 20);

        // A domain with a hypervisor and a guest of its own: hgatp and vsatp change with mmpt.
        const ulong Sv39 = 8UL << 60;
        context.Hgatp = Sv39 | (1UL << 44) | (BareHart.Data >> 12);
        context.Vsatp = Sv39 | (2UL << 44) | (BareHart.Data >> 12);
        _address = BareHart.Data;
    }

    [GlobalCleanup]
    public void Cleanup() => _hart.Dispose();

    [Benchmark(OperationsPerInvoke = Operations, Description = "to another domain and back: mmpt, hgatp, vsatp")]
    public void Switch()
    {
        for (int i = 0; i < Operations; i++)
        {
            _domains.Switch(_hart.Hart, _other);
            _domains.Switch(_hart.Hart, _domains.Host);
        }
    }

    [Benchmark(OperationsPerInvoke = Operations, Description = "TLB miss under a table, no translation")]
    public ulong Miss()
    {
        ulong sum = 0;
        for (int i = 0; i < Operations; i++)
        {
            _hart.Hart.Load(_address, 8, out ulong value);
            sum += value;
            _address = BareHart.Data + ((_address + Page - BareHart.Data) & (Stretch - 1));
        }

        return sum;
    }

    [Benchmark(OperationsPerInvoke = 200, Description = "a page to another domain and back")]
    public void Move()
    {
        for (int i = 0; i < 200; i++)
        {
            _domains.Assign(BareHart.Data + Stretch, Page, _domains.Host, _other, MptPermissions.All, _hart.Hart);
            _domains.Assign(BareHart.Data + Stretch, Page, _other, _domains.Host, MptPermissions.All, _hart.Hart);
        }
    }
}
