using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Guests;
using CoveJit.Tsm.Pages;
using static CoveJit.Tsm.Tests.TestMachine;

namespace CoveJit.Tsm.Tests;

/// <summary>A TVM shares a part of what the host has mapped with a large page.</summary>
public sealed class SharingTests : IDisposable
{
    private const ulong Covg = 0x434F5647;
    private const ulong Share = 2;
    private const ulong LargePage = 2UL << 20;
    private const ulong Large = GuestMemory + LargePage;
    private const ulong Part = Large + (3 * PageSize);

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void The_large_page_is_divided_and_only_what_was_shared_goes()
    {
        ulong id = LaunchWithLargePage(out ulong address);
        _machine.Write64(address + (2 * PageSize), 0x1234);
        Assert.Equal((SbiError.Success, true), Called(_machine.CallFromGuest(id, Covg, Share, Part, 2 * PageSize)));
        GuestLeaf before = _machine.Tvm(id).Stage.Find(Part - PageSize);
        Assert.Equal((LeafState.Present, address + (2 * PageSize), PageSize), (before.State, before.Address, before.Size));
        Assert.Equal(SbiError.Failed, _machine.Call("run_tvm_vcpu", id, 0).Error); // before the host has removed the pages

        _machine.Succeed("tvm_invalidate_pages", id, Part, 2 * PageSize);
        _machine.Succeed("tvm_fence", id);
        _machine.Succeed("tvm_remove_pages", id, Part, 2 * PageSize);
        _machine.Succeed("add_tvm_shared_pages", id, HostPages, 0, 2, Part);
        Assert.True(_machine.Tsm.Pages.Are(address + (3 * PageSize), 2, PageKind.Unassigned));
        Assert.Equal(0x1234UL, _machine.Read64(address + (2 * PageSize)));
        Assert.Equal(SbiError.InvalidAddress, _machine.Call("tvm_remove_pages", id, Part - PageSize, PageSize).Error);
        _machine.AssertInvariants();
    }

    [Fact]
    public void Without_a_page_for_the_table_nothing_changes()
    {
        ulong id = LaunchWithLargePage(out ulong address);
        Tvm tvm = _machine.Tvm(id);
        for (ulong far = 1UL << 34; tvm.Stage.FreeTables != 0; far += LargePage)
        {
            Assert.True(tvm.Regions.TrySet(far, PageSize, RegionKind.Shared));
            _machine.Succeed("add_tvm_shared_pages", id, HostPages, 0, 1, far);
        }

        Assert.Equal((SbiError.Failed, false), Called(_machine.CallFromGuest(id, Covg, Share, Part, PageSize)));
        Assert.Equal((LargePage, address), (tvm.Stage.Find(Part).Size, tvm.Stage.Find(Part).Address));
        Assert.Equal(RegionKind.Confidential, tvm.Regions[Part]);
    }

    private static (SbiError Error, bool Exited) Called((SbiResult Result, bool Exited) call) => (call.Result.Error, call.Exited);

    private ulong LaunchWithLargePage(out ulong address)
    {
        ulong id = _machine.Launch(CallProgram);
        address = _machine.Take(512, LargePage);
        _machine.Succeed("add_tvm_zero_pages", id, address, 1, 1, Large);
        return id;
    }
}
