using CoveJit.Harts;
using CoveJit.Harts.Tests;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Abi;
using CoveJit.Tsm.Guests;
using static CoveJit.Tsm.Tests.TestMachine;

namespace CoveJit.Tsm.Tests;

/// <summary>Deployment model 3: confidential memory that never changes, TVMs made in one step.</summary>
public sealed class StaticMemoryTests : IDisposable
{
    private readonly TestMachine _machine = new(model: TsmModel.Static);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void The_host_is_told_that_it_gives_no_pages()
    {
        _machine.Succeed("get_tsm_info", Parameters, 48);
        Assert.Equal((0b111UL, 0UL, 0UL), (_machine.Read64(Parameters + 16), _machine.Read64(Parameters + 24), _machine.Read64(Parameters + 40)));
    }

    [Fact]
    public void What_needs_pages_of_the_hosts_is_not_supported()
    {
        CoveFunction[] refused = [.. CoveAbi.Functions.Where(f => f.IsDynamic)];
        Assert.Equal(11, refused.Length);
        Assert.All(refused, f => Assert.Equal(SbiError.NotSupported, _machine.Call(f.Name).Error));
        Assert.Equal(SbiError.NotSupported, _machine.Call("convert_aia_imsic", FilePage(0, 1)).Error);
        Assert.Equal(0UL, TestMachine.CallOn(_machine.Hart0, 0x10, 3, (ulong)CoveExtension.Interrupts).Value);
    }

    [Fact]
    public void A_TVM_is_made_runs_gets_pages_shares_some_and_ends()
    {
        new HostVm().Write(_machine);
        long free = _machine.Tsm.Pages.CountUnassigned();
        ulong id = _machine.Succeed("promote_to_tvm", HostVm.Tree, 0, GuestMemory, 0);
        Assert.Equal(22UL, _machine.Run(id).Cause);

        // A page of its memory that was not there comes from the TSM, without an exit.
        _machine.Ram.TryWrite(_machine.Tvm(id).Stage.Find(GuestMemory).Address, System.Runtime.InteropServices.MemoryMarshal.AsBytes((ReadOnlySpan<uint>)[Riscv.Auipc(5, 2), Asm.Load(8, 6, 5, 0), Asm.Store(8, 5, 5, 0), Asm.Wfi]));
        _machine.Vcpu(id).Context.Pc = GuestMemory;
        _machine.Vcpu(id).Pending = default;
        _machine.Vcpu(id).Context[6] = 7;
        Assert.Equal(22UL, _machine.Run(id).Cause);
        Assert.Equal(0UL, _machine.Vcpu(id).Context[6]);
        Assert.Equal(LeafState.Present, _machine.Tvm(id).Stage.Find(GuestMemory + 0x2000).State);

        // Shared memory, with page tables that the TSM finds; far away, so that some are missing.
        Assert.True(_machine.Tvm(id).Regions.TrySet(1UL << 40, PageSize, RegionKind.Shared));
        _machine.Succeed("add_tvm_shared_pages", id, Image, 0, 1, 1UL << 40);
        _machine.Succeed("destroy_tvm", id);
        Assert.Equal(free, _machine.Tsm.Pages.CountUnassigned());
    }

    [Fact]
    public void Large_pages_are_found_where_all_around_an_address_is_confidential_and_empty()
    {
        const ulong Large = 2UL << 20;
        const ulong Far = 1UL << 35;
        new HostVm().Write(_machine);
        ulong id = _machine.Succeed("promote_to_tvm", HostVm.Tree, 0, GuestMemory, 0);
        Tvm tvm = _machine.Tvm(id);
        long free = _machine.Tsm.Pages.CountUnassigned();
        Assert.True(tvm.Regions.TrySet(Far, 2 * Large, RegionKind.Confidential));
        Assert.True(tvm.Regions.TrySet(Far + Large, PageSize, RegionKind.Mmio));
        Assert.True(_machine.Tsm.TryAddZeroPage(tvm, Far + (5 * PageSize)));
        Assert.True(_machine.Tsm.TryAddZeroPage(tvm, Far + Large + (5 * PageSize)));
        Assert.Equal((1, 0), (tvm.Stage.Find(Far).Level, tvm.Stage.Find(Far + Large + (5 * PageSize)).Level));
        Assert.Equal(LeafState.Absent, tvm.Stage.Find(Far + Large + (6 * PageSize)).State);
        Assert.Equal(0UL, tvm.Stage.Find(Far).Address % Large);
        Assert.InRange(free - _machine.Tsm.Pages.CountUnassigned(), 513, 520);
        _machine.Succeed("destroy_tvm", id);
    }

    [Fact]
    public void The_host_cannot_touch_the_memory()
    {
        Assert.False(_machine.Domains.Permits(0, Confidential, PageSize, Memory.Protection.MptPermissions.Read));
        Assert.Equal(SbiError.InvalidAddress, _machine.Call("set_shmem", Confidential, 0, 0).Error);
        Assert.Equal(SbiError.InvalidAddress, _machine.Call("get_tsm_info", Confidential, 48).Error);
    }

    [Fact]
    public void PMP_keeps_harts_of_the_host_from_it_and_there_is_no_table_for_them()
    {
        Hart hart = _machine.Hart0;
        foreach (ulong address in (ulong[])[Confidential, Confidential + (ConfidentialPages * PageSize) - 8, Tables, End - 8])
        {
            Assert.False(hart.Load(address, 8, out _));
            Assert.False(hart.Store(address, 8, 1));
        }

        Assert.True(hart.Load(Confidential - 8, 8, out _));
        new HostVm().Write(_machine);
        ulong id = _machine.Succeed("promote_to_tvm", HostVm.Tree, 0, GuestMemory, 0);
        Assert.Equal(22UL, _machine.Run(id).Cause);
        Assert.False(hart.Load(_machine.Tvm(id).Stage.Find(GuestMemory).Address, 8, out _));
        Assert.Equal(0UL, hart.ProtectionTableReads);
    }

    [Fact]
    public void When_it_is_used_up_there_is_an_error_and_a_missing_page_is_the_hosts_to_know()
    {
        new HostVm().Write(_machine);
        ulong id = 0;
        while (_machine.Call("promote_to_tvm", HostVm.Tree, 0, GuestMemory, 0) is { Error: SbiError.Success } made)
        {
            id = made.Value;
            Assert.True(_machine.Tsm.Tvms.Count < 200);
        }

        Assert.Equal(CoveError.OutOfMemory, _machine.Call("promote_to_tvm", HostVm.Tree, 0, GuestMemory, 0).Error);
        for (ulong page = 0; _machine.Tsm.TryAddZeroPage(_machine.Tvm(id), GuestMemory + 0x4000 + (page * PageSize)); page++)
        {
        }

        _machine.Ram.TryWrite(_machine.Tvm(id).Stage.Find(GuestMemory).Address, System.Runtime.InteropServices.MemoryMarshal.AsBytes((ReadOnlySpan<uint>)[Riscv.Auipc(5, 2), Asm.Load(8, 6, 5, 0)]));
        Exit exit = _machine.Run(id);
        Assert.Equal((21UL, GuestMemory + 0x2000), (exit.Cause, exit.Address));
    }
}
