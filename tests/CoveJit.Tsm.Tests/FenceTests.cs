using CoveJit.Harts;
using CoveJit.Harts.Tests;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Pages;
using static CoveJit.Tsm.Tests.TestMachine;

namespace CoveJit.Tsm.Tests;

/// <summary>Epochs: when pages and mappings may be used again, over several harts.</summary>
public sealed class FenceTests : IDisposable
{
    private readonly TestMachine _machine = new(harts: 3);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Pages_are_confidential_once_every_hart_has_fenced()
    {
        _machine.Succeed("convert_pages", HostPages, 4);
        Assert.Equal(PageKind.Converting, Kind());
        _machine.Succeed("global_fence");
        Assert.Equal(PageKind.Fencing, Kind());
        _machine.Succeed("local_fence"); // it has done so already
        Assert.Equal(PageKind.Fencing, Kind());
        Assert.Equal(SbiError.Success, _machine.CallOn(_machine.Harts[1], "local_fence").Error);
        Assert.Equal(PageKind.Fencing, Kind());
        Assert.Equal(SbiError.Success, _machine.CallOn(_machine.Harts[2], "local_fence").Error);
        Assert.Equal(PageKind.Unassigned, Kind());
        Assert.Equal(SbiError.Success, _machine.Call("global_fence").Error);
    }

    [Fact]
    public void Pages_that_come_later_wait_for_the_next_fence()
    {
        _machine.Succeed("convert_pages", HostPages, 1);
        _machine.Succeed("global_fence");
        _machine.Succeed("convert_pages", HostPages + PageSize, 1);
        _machine.CallOn(_machine.Harts[1], "local_fence");
        _machine.CallOn(_machine.Harts[2], "local_fence");
        Assert.Equal((PageKind.Unassigned, PageKind.Converting), (Kind(), Kind(1)));
        _machine.Succeed("global_fence");
        _machine.CallOn(_machine.Harts[1], "local_fence");
        _machine.CallOn(_machine.Harts[2], "local_fence");
        Assert.Equal(PageKind.Unassigned, Kind(1));
    }

    [Fact]
    public void Stopped_harts_need_not_fence()
    {
        TestMachine.CallOn(_machine.Harts[2], 0x48534D, 1);
        Assert.True(_machine.Harts[2].Halted);
        _machine.Succeed("convert_pages", HostPages, 1);
        _machine.Succeed("global_fence");
        _machine.CallOn(_machine.Harts[1], "local_fence");
        Assert.Equal(PageKind.Unassigned, Kind());
    }

    [Fact]
    public void The_host_loses_a_page_at_once()
    {
        Hart hart = _machine.Harts[1];
        _machine.Write(Base + 0x400, Asm.Load(8, 6, 5, 0));
        Harts.Csrs.CsrTable.For(hart.Configuration)[0x105]!.Write(hart, Base + 4);
        hart.WriteRegister(5, HostPages);
        hart.Pc = Base + 0x400;
        hart.Step();
        Assert.Equal(Base + 0x404, hart.Pc); // it has a translation now
        _machine.Succeed("convert_pages", HostPages, 1);
        hart.Pc = Base + 0x400;
        hart.RunSlice(1);
        Assert.Equal((5UL, HostPages), (hart.Scause, hart.Stval));
    }

    [Fact]
    public void A_running_vCPU_holds_up_removal_until_it_exits()
    {
        Hart other = _machine.Harts[1];
        ulong id = _machine.Launch([Auipc5, Asm.Load(8, 6, 5, 0x100), Asm.Jal(0, -4)]);
        Assert.Equal(SbiError.Success, _machine.CallOn(other, "set_shmem", Nacl + 0x4000, 0, 0).Error);
        Assert.True(_machine.Tvm(id).Regions.TrySet(GuestMemory + 0x1000, 0x1000, Guests.RegionKind.Shared));
        _machine.Succeed("add_tvm_shared_pages", id, HostPages, 0, 1, GuestMemory + 0x1000);
        CallOn(other, 0x434F5648, 15, id, 0);
        Assert.True(other.IsVirtual);
        other.Step();
        other.Step();
        _machine.Write64(HostPages + 0x100, 0x1);
        _machine.Succeed("tvm_invalidate_pages", id, GuestMemory + 0x1000, PageSize);
        _machine.Succeed("tvm_fence", id);
        other.Step(); // jump
        other.Step(); // it still has the translation
        Assert.Equal((true, 1UL), (other.IsVirtual, other.ReadRegister(6)));
        Assert.Equal(SbiError.InvalidAddress, _machine.Call("tvm_remove_pages", id, GuestMemory + 0x1000, PageSize).Error);
        Interrupt(other);
        _machine.Succeed("tvm_remove_pages", id, GuestMemory + 0x1000, PageSize);
        _machine.Succeed("convert_pages", HostPages, 1);
        CallOn(other, 0x434F5648, 15, id, 0);
        while (other.IsVirtual)
        {
            other.Step();
        }

        Assert.Equal(21UL, other.Scause);
    }

    [Fact]
    public void A_TVM_fence_forgets_what_a_hart_has_translated()
    {
        ulong id = _machine.Launch([Auipc5, Asm.Load(8, 6, 5, 0x100), Asm.Wfi, Asm.Jal(0, -8)]);
        Assert.True(_machine.Tvm(id).Regions.TrySet(GuestMemory + 0x1000, 0x1000, Guests.RegionKind.Shared));
        _machine.Succeed("add_tvm_shared_pages", id, HostPages, 0, 1, GuestMemory + 0x1000);
        Assert.Equal(22UL, _machine.Run(id).Cause);
        _machine.Succeed("tvm_invalidate_pages", id, GuestMemory + 0x1000, PageSize);
        _machine.Succeed("tvm_fence", id); // and nothing else that would do it: no page is converted
        Assert.Equal(21UL, _machine.Run(id).Cause);
    }

    [Fact]
    public void An_IPI_of_the_hosts_ends_a_run()
    {
        Hart other = _machine.Harts[1];
        ulong id = _machine.Launch([Asm.Jal(0, 0)]);
        Assert.Equal(SbiError.Success, _machine.CallOn(other, "set_shmem", Nacl + 0x4000, 0, 0).Error);
        CallOn(other, 0x434F5648, 15, id, 0);
        Assert.True(other.IsVirtual);
        Interrupt(other);
        Assert.Equal((1UL << 63) | 1, other.Scause);
        Assert.NotEqual(0UL, other.Mip & 2);
    }

    [Fact]
    public void A_vCPU_moves_between_harts_with_its_state()
    {
        Hart other = _machine.Harts[1];
        ulong id = _machine.Launch([Asm.Addi(7, 0, 77), Asm.Wfi, Asm.Addi(7, 7, 1), Asm.Wfi]);
        Assert.Equal(SbiError.Success, _machine.CallOn(other, "set_shmem", Nacl + 0x4000, 0, 0).Error);
        Assert.Equal(22UL, _machine.Run(id).Cause);
        CallOn(other, 0x434F5648, 15, id, 0);
        while (other.IsVirtual)
        {
            other.Step();
        }

        Assert.Equal((22UL, 78UL), (other.Scause, _machine.Vcpu(id).Context[7]));
    }

    private static uint Auipc5 => Riscv.Auipc(5, 1);

    private PageKind Kind(int page = 0) => _machine.Tsm.Pages[HostPages + ((ulong)page * PageSize)].Kind;

    // Sends an IPI to a hart that is in a TVM and runs it until it is out.
    private void Interrupt(Hart hart)
    {
        Harts.Csrs.CsrTable.For(hart.Configuration)[0x304]!.Write(hart, 2); // mie.SSIE
        Assert.Equal(SbiError.Success, CallOn(_machine.Hart0, 0x735049, 0, 1UL << hart.Id, 0).Error);
        hart.RunSlice(1);
        Assert.False(hart.IsVirtual);
    }
}
