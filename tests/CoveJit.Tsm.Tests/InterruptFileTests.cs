using CoveJit.Harts;
using CoveJit.Harts.Csrs;
using CoveJit.Harts.Interrupts;
using CoveJit.Harts.Tests;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Interrupts;
using static CoveJit.Tsm.Tests.Riscv;
using static CoveJit.Tsm.Tests.TestMachine;

namespace CoveJit.Tsm.Tests;

/// <summary>TVMs with interrupt files of the harts' IMSICs.</summary>
public sealed class InterruptFileTests : IDisposable
{
    private const uint Sie = 0x104;
    private const uint Siselect = 0x150;
    private const uint Sireg = 0x151;
    private const uint Stopei = 0x15C;
    private const uint Hgeip = 0xE12;
    private const uint Hstatus = 0x600;
    private const uint Vsireg = 0x251;
    private const uint Vsiselect = 0x250;
    private const uint Identity = 5;
    private const uint Top = (Identity << 16) | Identity;

    private readonly TestMachine _machine = new(harts: 2);

    // Delivers identity 5, waits, claims what has come, waits.
    private static readonly uint[] Receiver =
    [
        Asm.Addi(5, 0, 0x70), Asm.Csrrw(0, Siselect, 5), Asm.Addi(5, 0, 1), Asm.Csrrw(0, Sireg, 5),
        Asm.Addi(5, 0, 0xC0), Asm.Csrrw(0, Siselect, 5), Asm.Addi(5, 0, 1 << (int)Identity), Asm.Csrrw(0, Sireg, 5),
        Asm.Addi(5, 0, 0x200), Asm.Csrrs(0, Sie, 5), Asm.Wfi, Asm.Csrrw(10, Stopei, 0), Asm.Wfi,
    ];

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void The_host_injects_what_the_vCPU_has_allowed()
    {
        ulong id = _machine.LaunchWithFiles(Receiver);
        _machine.Vcpu(id).Allowed = [Identity];
        Assert.Equal(22UL, _machine.Run(id).Cause); // nothing pending
        Assert.Equal(SbiError.InvalidParam, _machine.Call("inject_tvm_cpu", id, 0, Identity + 1).Error);
        _machine.Succeed("inject_tvm_cpu", id, 0, Identity);
        Assert.Equal(22UL, _machine.Run(id).Cause);
        Assert.Equal(Top, _machine.Vcpu(id).Context[10]);
    }

    [Fact]
    public void What_is_injected_before_a_vCPU_is_bound_is_there_afterwards()
    {
        _machine.ConvertFiles();
        ulong id = _machine.BuildWithFiles(Receiver);
        _machine.Succeed("finalize_tvm", id, GuestMemory, 0, 0);
        _machine.Succeed("set_shmem", Nacl, 0, 0);
        _machine.Vcpu(id).Allowed = null;
        _machine.Succeed("inject_tvm_cpu", id, 0, Identity);
        Assert.Equal(SbiError.Failed, _machine.Call("run_tvm_vcpu", id, 0).Error);
        _machine.Succeed("bind_aia_imsic", id, 0, 1 << 2);
        Assert.Equal(22UL, _machine.Run(id).Cause);
        Assert.Equal(Top, _machine.Vcpu(id).Context[10]);
    }

    [Fact]
    public void A_vCPU_sends_another_a_message()
    {
        // Stores identity 5 to vCPU 1's file: IMSIC + 4096.
        ulong id = _machine.LaunchWithFiles([Lui(5, (uint)(GuestFilePage(1) >> 12)), Asm.Addi(6, 0, (int)Identity), Asm.Store(4, 6, 5, 0), Asm.Wfi], vcpus: 2);
        Assert.Equal(SbiError.Success, _machine.CallOn(_machine.Harts[1], "bind_aia_imsic", id, 1, 1 << 3).Error);
        Assert.Equal(22UL, _machine.Run(id).Cause);
        InterruptFile file = _machine.Harts[1].GuestFiles[2];
        Assert.Equal(1UL << (int)Identity, file.Read(InterruptFile.Pending));
        file.Update(InterruptFile.Enable, 1UL << (int)Identity, 0);
        file.Update(InterruptFile.Delivery, 1, 0);
        Assert.Equal(1UL << 3, Read(_machine.Harts[1], Hgeip)); // which tells the host of hart 1 to run the vCPU
    }

    [Fact]
    public void A_message_to_a_vCPU_that_is_not_bound_waits_for_it_and_the_host_is_told()
    {
        ulong id = _machine.LaunchWithFiles([Lui(5, (uint)(GuestFilePage(1) >> 12)), Asm.Addi(6, 0, (int)Identity), Asm.Store(4, 6, 5, 0), Asm.Load(4, 7, 5, 0), Asm.Wfi], vcpus: 2);
        _machine.Vcpu(id).Context[7] = 99;
        Exit exit = _machine.Run(id);
        Assert.Equal((23UL, GuestFilePage(1), 0UL), (exit.Cause, exit.Address, exit.Htinst));
        Assert.Equal(22UL, _machine.Run(id).Cause); // past the store, and the load gave 0
        Assert.Equal(0UL, _machine.Vcpu(id).Context[7]);
        _machine.Succeed("bind_aia_imsic", id, 1, 1 << 2);
        Assert.Equal(1UL << (int)Identity, _machine.Hart0.GuestFiles[1].Read(InterruptFile.Pending));
    }

    [Fact]
    public void A_vCPU_takes_its_interrupts_along_to_another_hart()
    {
        ulong id = _machine.LaunchWithFiles(Receiver);
        Hart other = _machine.Harts[1];
        _machine.Vcpu(id).Allowed = null;
        Assert.Equal(22UL, _machine.Run(id).Cause);
        _machine.Succeed("inject_tvm_cpu", id, 0, 9);
        Assert.Equal(SbiError.Success, _machine.CallOn(other, "rebind_aia_imsic_begin", id, 0, 1 << 2).Error);
        _machine.Succeed("inject_tvm_cpu", id, 0, Identity); // meanwhile: to the new file
        Assert.Equal(SbiError.Failed, _machine.Call("run_tvm_vcpu", id, 0).Error);
        _machine.Succeed("tvm_fence", id);
        Assert.Equal(SbiError.Failed, _machine.CallOn(other, "rebind_aia_imsic_clone", id, 0).Error); // not its hart
        _machine.Succeed("rebind_aia_imsic_clone", id, 0);
        Assert.Equal(SbiError.Failed, _machine.Call("rebind_aia_imsic_end", id, 0).Error);
        Assert.Equal(SbiError.Success, _machine.CallOn(other, "rebind_aia_imsic_end", id, 0).Error);
        InterruptFile file = other.GuestFiles[1];
        Assert.Equal((1UL << 9) | (1UL << (int)Identity), file.Read(InterruptFile.Pending));
        Assert.Equal((1UL << (int)Identity, 1UL), (file.Read(InterruptFile.Enable), file.Read(InterruptFile.Delivery)));
        Assert.True(_machine.Hart0.GuestFiles[0].HasStateOf(new InterruptFile(255, other.Line(9))));
        Assert.Equal(SbiError.Failed, _machine.Call("run_tvm_vcpu", id, 0).Error); // there no more
        Assert.Equal(SbiError.Success, _machine.CallOn(other, "set_shmem", Nacl + 0x4000, 0, 0).Error);
        Assert.Equal(SbiError.Success, _machine.Call("set_shmem", ulong.MaxValue, ulong.MaxValue, 0).Error);
        _machine.Run(id, hart: other);
        Assert.Equal(Top, _machine.Vcpu(id).Context[10]);
        _machine.Succeed("reclaim_tvm_aia_imsic", FilePage(0, 1));
    }

    [Fact]
    public void Unbinding_needs_a_fence_of_the_TVM_and_keeps_what_is_pending()
    {
        ulong id = _machine.LaunchWithFiles(Receiver);
        _machine.Vcpu(id).Allowed = null;
        _machine.Succeed("inject_tvm_cpu", id, 0, 9);
        Assert.Equal(SbiError.Failed, _machine.CallOn(_machine.Harts[1], "unbind_aia_imsic_begin", id, 0).Error);
        _machine.Succeed("unbind_aia_imsic_begin", id, 0);
        _machine.Succeed("inject_tvm_cpu", id, 0, 11);
        Assert.Equal(SbiError.Failed, _machine.Call("unbind_aia_imsic_end", id, 0).Error);
        Assert.Equal(SbiError.Failed, _machine.Call("destroy_tvm", id).Error);
        _machine.Succeed("tvm_fence", id);
        _machine.Succeed("unbind_aia_imsic_end", id, 0);
        Assert.Equal((1UL << 9) | (1UL << 11), _machine.Vcpu(id).Imsic!.Software.Read(InterruptFile.Pending));
        _machine.Succeed("destroy_tvm", id);
        _machine.Succeed("reclaim_tvm_aia_imsic", FilePage(0, 1));
    }

    [Fact]
    public void A_host_can_neither_reach_nor_select_a_file_that_it_has_given_away()
    {
        ulong id = _machine.LaunchWithFiles(Receiver);
        _machine.Vcpu(id).Allowed = null;
        _machine.Run(id);
        Hart hart = _machine.Hart0;
        CsrTable table = CsrTable.For(hart.Configuration);
        table[Hstatus]!.Write(hart, 1UL << Harts.Csrs.Hstatus.VgeinShift);
        table[Vsiselect]!.Write(hart, InterruptFile.Enable);
        Assert.Equal(0UL, table[Vsireg]!.Read(hart));
        table[Vsireg]!.Write(hart, ulong.MaxValue);
        Assert.Equal(1UL << (int)Identity, hart.GuestFiles[0].Read(InterruptFile.Enable));

        // sw x6, 0(x5) to its page, and to that of a file that is the host's still.
        foreach ((int number, ulong cause) in new[] { (1, 7UL), (4, 0UL) })
        {
            table[0x105]!.Write(hart, Base + 0x800);
            _machine.Write(Base + 0x400, Asm.Store(4, 6, 5, 0));
            hart.WriteRegister(5, FilePage(0, number));
            hart.WriteRegister(6, Identity);
            hart.Scause = 0;
            hart.Pc = Base + 0x400;
            hart.Step();
            Assert.Equal(cause, hart.Scause);
        }

        Assert.Equal((0UL, 1UL << (int)Identity), (hart.GuestFiles[0].Read(InterruptFile.Pending), hart.GuestFiles[3].Read(InterruptFile.Pending)));
    }

    [Fact]
    public void A_file_that_is_given_away_or_back_is_as_after_reset()
    {
        InterruptFile file = _machine.Hart0.GuestFiles[0];
        file.Update(InterruptFile.Enable, 2, 0);
        file.Signal(7);
        _machine.ConvertFiles();
        Assert.Equal((0UL, 0UL), (file.Read(InterruptFile.Enable), file.Read(InterruptFile.Pending)));
        file.Signal(8);
        _machine.Succeed("reclaim_tvm_aia_imsic", FilePage(0, 1));
        Assert.Equal(0UL, file.Read(InterruptFile.Pending));
        Assert.Equal(FileState.NonConfidential, _machine.Tsm.GuestFiles.Find(FilePage(0, 1))!.State);
    }

    private static ulong Read(Hart hart, uint csr) => CsrTable.For(hart.Configuration)[csr]!.Read(hart);
}
