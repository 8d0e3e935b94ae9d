using CoveJit.Devices.Pcie;
using CoveJit.Devices.Protection;
using CoveJit.Memory.Bus;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Protection;
using CoveJit.Monitor.SupervisorDomains;

namespace CoveJit.Monitor.Tests.SupervisorDomains;

/// <summary>What devices reach of the memory of supervisor domains: the checker in front of RAM, with the tables that the harts walk.</summary>
public sealed class DeviceIsolationTests : IDisposable
{
    private const ulong Page = 0x1000;
    private const ulong Data = TestMachine.Data;

    private static readonly RequesterId Function = new(1, 0, 0);

    private readonly TestMachine _machine = new(domains: MptLeaves.Largest);
    private readonly IPcieUpstream _bus;
    private readonly IAtomicDmaPort _slot;

    public DeviceIsolationTests()
    {
        RamDmaPort ram = new(_machine.Ram);
        _bus = _machine.Devices.Attach(new Memory(ram));
        _slot = _machine.Devices.Port(RootDomainManager.HostSdid, ram);
    }

    private RootDomainManager Domains => _machine.Domains!;

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Devices_of_the_host_lose_a_page_with_the_host_and_get_it_back_empty()
    {
        SupervisorDomain other = Domains.Create("other")!;
        byte[] bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        Assert.True(_bus.TryWrite(new PcieRequest(Function), Data, bytes));
        Assert.True(_slot.TryWrite(Data + Page, bytes)); // both pages are in the cache now
        Assert.Equal(DomainError.None, Domains.Assign(Data, Page, Domains.Host, other));

        byte[] read = new byte[8];
        Assert.False(_bus.TryRead(new PcieRequest(Function), Data, read));
        Assert.False(_bus.TryWrite(new PcieRequest(Function), Data, bytes));
        Assert.False(_slot.TryRead(Data, read));
        Assert.False(_slot.TryWrite(Data, bytes));
        Assert.False(_slot.TryCompareExchange(Data, 0, 1, out _));
        Assert.Equal(5, _machine.Devices.Refused);
        Assert.Equal(new byte[8], read);
        Assert.True(_slot.TryRead(Data + Page, read));
        Assert.Equal(bytes, read);

        Assert.Equal(DomainError.None, Domains.Assign(Data, Page, other, Domains.Host));
        Assert.True(_bus.TryRead(new PcieRequest(Function), Data, read));
        Assert.Equal(new byte[8], read);
    }

    [Fact]
    public void A_request_that_reaches_into_a_confidential_page_moves_nothing()
    {
        SupervisorDomain other = Domains.Create("other")!;
        Assert.Equal(DomainError.None, Domains.Assign(Data + Page, Page, Domains.Host, other));
        byte[] bytes = new byte[64];
        bytes.AsSpan().Fill(0xAA);
        Assert.False(_bus.TryWrite(new PcieRequest(Function), Data + Page - 32, bytes));
        byte[] before = new byte[32];
        Assert.True(_bus.TryRead(new PcieRequest(Function), Data + Page - 32, before));
        Assert.Equal(new byte[32], before);
    }

    [Fact]
    public void Tables_and_addresses_that_are_no_memory_are_out_of_reach()
    {
        byte[] read = new byte[8];
        Assert.False(_slot.TryRead(TestMachine.Tables, read));
        Assert.False(_bus.TryRead(new PcieRequest(Function), TestMachine.Tables, read));
        Assert.False(_bus.TryRead(new PcieRequest(Function), ulong.MaxValue - 3, read));
        Assert.False(_bus.TryRead(new PcieRequest(Function), ulong.MaxValue - 7, read));
        Assert.False(_bus.TryRead(new PcieRequest(Function), 1UL << 60, read));
    }

    [Fact]
    public void Trusted_requests_need_a_rule_and_then_are_the_other_domains_alone()
    {
        SupervisorDomain other = Domains.Create("other")!;
        Assert.Equal(DomainError.None, Domains.Assign(Data, Page, Domains.Host, other));
        PcieRequest trusted = new(Function, Trusted: true);
        byte[] bytes = [1, 2, 3, 4];
        Assert.False(_bus.TryWrite(trusted, Data, bytes));
        Assert.False(_bus.TryWrite(trusted, Data + Page, bytes));

        _machine.Devices.SetRule(0, new IoMptRule(Function, Function, TeeFilter.Trusted, other.Sdid));
        Assert.True(_bus.TryWrite(trusted, Data, bytes));
        Assert.False(_bus.TryWrite(trusted, Data + Page, bytes));
        Assert.False(_bus.TryWrite(new PcieRequest(Function), Data, bytes));
        Assert.False(_bus.TryWrite(new PcieRequest(new RequesterId(2, 0, 0), Trusted: true), Data, bytes));

        _machine.Devices.SetRule(0, null);
        Assert.False(_bus.TryWrite(trusted, Data, bytes));
    }

    [Fact]
    public void A_domain_that_is_gone_has_no_device_traffic()
    {
        SupervisorDomain other = Domains.Create("other")!;
        _machine.Devices.SetRule(0, new IoMptRule(Function, Function, TeeFilter.Trusted, other.Sdid));
        Assert.Equal(DomainError.None, Domains.Destroy(other));
        Assert.False(_bus.TryRead(new PcieRequest(Function, Trusted: true), Data, new byte[4]));
    }

    [Fact]
    public void Messages_go_only_to_the_domains_own_interrupt_files()
    {
        const ulong File = 0x2800_0000;
        SupervisorDomain other = Domains.Create("other")!;
        List<ulong> sent = [];
        bool Send(ulong address, uint data)
        {
            sent.Add(address);
            return true;
        }

        Assert.True(_machine.Devices.TrySend(RootDomainManager.HostSdid, File, 1, Send));
        Assert.Equal(DomainError.None, Domains.AssignDevicePage(File, Domains.Host, other));
        Assert.False(_machine.Devices.TrySend(RootDomainManager.HostSdid, File, 1, Send));
        Assert.True(_machine.Devices.TrySend(other.Sdid, File, 1, Send));
        Assert.Equal([File, File], sent);
    }

    [Fact]
    public async Task A_page_is_never_written_by_a_device_after_it_has_changed_hands()
    {
        SupervisorDomain other = Domains.Create("other")!;
        using CancellationTokenSource stop = new();
        byte[] bytes = new byte[Page];
        bytes.AsSpan().Fill(0xAA);
        Task device = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                _slot.TryWrite(Data, bytes);
            }
        });
        byte[] seen = new byte[Page];
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal(DomainError.None, Domains.Assign(Data, Page, Domains.Host, other));
            Assert.True(_machine.Ram.TryRead(Data, seen));
            Assert.False(seen.AsSpan().ContainsAnyExcept((byte)0));
            Assert.Equal(DomainError.None, Domains.Assign(Data, Page, other, Domains.Host));
        }

        await stop.CancelAsync();
        await device;
    }

    private sealed class Memory(IDmaPort ram) : IPcieUpstream
    {
        public bool TryRead(in PcieRequest request, ulong address, Span<byte> destination) => ram.TryRead(address, destination);

        public bool TryWrite(in PcieRequest request, ulong address, ReadOnlySpan<byte> source) => ram.TryWrite(address, source);
    }
}
