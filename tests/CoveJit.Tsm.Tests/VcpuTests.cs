using CoveJit.Harts;
using CoveJit.Harts.Csrs;
using CoveJit.Harts.Tests;
using CoveJit.Monitor.Sbi;
using CoveJit.Tsm.Guests;
using static CoveJit.Tsm.Tests.Riscv;
using static CoveJit.Tsm.Tests.TestMachine;

namespace CoveJit.Tsm.Tests;

/// <summary>TVMs that run: what ends a run, what the host is told, what it can change, and what neither sees of the other.</summary>
public sealed class VcpuTests : IDisposable
{
    private const uint SystemReset = 0x53525354;
    private const uint Ipi = 0x735049;
    private const uint HartState = 0x48534D;
    private const uint Cove = 0x434F5647;
    private const ulong Interrupt = 1UL << 63;

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void The_boot_vCPU_starts_in_VS_mode_with_its_number_and_the_argument()
    {
        ulong id = _machine.Launch(CallProgram);
        _machine.Enter(id);
        Hart hart = _machine.Hart0;
        Assert.Equal((GuestMemory, 0UL, 0x1234UL), (hart.Pc, hart.ReadRegister(10), hart.ReadRegister(11)));
        Assert.Equal((1u, true, PrivilegeModeOf(hart)), (hart.Sdid, hart.IsVirtual, 1));
        Assert.Equal(_machine.Tsm.Domain.Mmpt, hart.Mmpt);
        Assert.Equal(_machine.Tvm(id).Stage.Hgatp(_machine.Tvm(id).Vmid), hart.Hgatp);
    }

    [Fact]
    public void An_ecall_goes_on_to_the_host_and_its_answer_comes_back()
    {
        ulong id = _machine.Launch([Asm.Addi(10, 0, 7), Asm.Addi(15, 0, 9), Asm.Addi(16, 0, 0), Lui(17, SystemReset >> 12), Asm.Addi(17, 17, (int)(SystemReset & 0xFFF)), Asm.Ecall, Asm.Add(10, 10, 11), Asm.Ecall]);
        Exit exit = _machine.Run(id);
        Assert.Equal(new Exit(10, 0, 0, 0, 0), exit);
        Assert.Equal((7UL, 9UL, 0UL, (ulong)SystemReset), (_machine.Gpr(10), _machine.Gpr(15), _machine.Gpr(16), _machine.Gpr(17)));
        _machine.SetGpr(10, 30);
        _machine.SetGpr(11, 12);
        _machine.SetGpr(15, 99); // only a0 and a1 are read
        Assert.Equal(10UL, _machine.Run(id).Cause);
        Assert.Equal((42UL, 9UL), (_machine.Gpr(10), _machine.Gpr(15)));
    }

    [Fact]
    public void Neither_side_sees_the_registers_of_the_other()
    {
        List<uint> program = [];
        for (int r = 1; r < 32; r++)
        {
            program.Add(Asm.Addi(r, 0, 0x700 + r));
        }

        ulong id = _machine.Launch([.. program, Asm.Wfi, Asm.Wfi]);
        Hart hart = _machine.Hart0;
        for (int r = 1; r < 32; r++)
        {
            hart.WriteRegister(r, 0xAA00 + (ulong)r);
        }

        Set(0x140, 0x5C5C); // sscratch
        Set(0x200, 0x40000); // vsstatus.SUM: a host's own guest
        Set(0x680, 0);
        _machine.Enter(id);
        Assert.All(Enumerable.Range(1, 31).Where(r => r is not (10 or 11)), r => Assert.Equal(0UL, hart.ReadRegister(r)));
        Assert.Equal(22UL, _machine.Continue().Cause);
        Assert.All(Enumerable.Range(1, 31).Where(r => r is < 10 or > 17), r => Assert.Equal(0xAA00 + (ulong)r, hart.ReadRegister(r)));
        Assert.All(Enumerable.Range(0, 32), r => Assert.Equal(0UL, _machine.Gpr(r)));
        Assert.Equal(0x5C5CUL, Get(0x140));
        Assert.Equal(0x40000UL, Get(0x200) & 0x40000);
        Assert.Equal(0UL, hart.Hgatp);
    }

    [Fact]
    public unsafe void Floating_point_registers_are_switched()
    {
        ulong id = _machine.Launch([Lui(5, 2), Asm.Csrrs(0, 0x100, 5), 0xF200_0053, Asm.Wfi, 0xE200_0553, Asm.Wfi]); // fmv.d.x f0, x0; fmv.x.d x10, f0
        Hart hart = _machine.Hart0;
        hart.WriteMstatus(Mstatus.Fs, Mstatus.Fs);
        hart.State->F[0] = 0x1111;
        hart.State->F[1] = 0x2222;
        Assert.Equal(22UL, _machine.Run(id).Cause);
        Assert.Equal((0x1111UL, 0x2222UL), (hart.State->F[0], hart.State->F[1]));
        _machine.Enter(id);
        Assert.Equal(0UL, hart.State->F[1]);
        _machine.Continue();
        Assert.Equal(0UL, _machine.Vcpu(id).Context[10]);
    }

    [Fact]
    public void User_mode_reads_the_time_though_its_kernel_has_not_set_scounteren()
    {
        const uint Scause = 0x142;
        ulong id = _machine.Launch(
        [
            Auipc(5, 0), Asm.Addi(6, 5, 32), Asm.Csrrw(0, 0x105, 6), Asm.Addi(6, 5, 24), Asm.Csrrw(0, 0x141, 6), 0x1020_0073, // stvec, sepc, sret
            Asm.Csrrs(11, 0xC01, 0), Asm.Ecall,
            Asm.Csrrs(10, Scause, 0), Asm.Wfi,
        ]);
        Assert.Equal(22UL, _machine.Run(id).Cause);
        Assert.Equal(8UL, _machine.Vcpu(id).Context[10]); // the ECALL, not an illegal instruction
    }

    // Instruction; its transformed form with a0; what the host answers; what the TVM gets.
    [Theory]
    [InlineData(1, true, 0x0000_0503u, 0xFF80UL, 0xFFFF_FFFF_FFFF_FF80UL)]
    [InlineData(1, false, 0x0000_4503u, 0xFF80UL, 0x80UL)]
    [InlineData(2, true, 0x0000_1503u, 0x1_8001UL, 0xFFFF_FFFF_FFFF_8001UL)]
    [InlineData(2, false, 0x0000_5503u, 0x1_8001UL, 0x8001UL)]
    [InlineData(4, true, 0x0000_2503u, 0x8000_0001UL, 0xFFFF_FFFF_8000_0001UL)]
    [InlineData(4, false, 0x0000_6503u, 0x8000_0001UL, 0x8000_0001UL)]
    [InlineData(8, true, 0x0000_3503u, 0x8000_0000_0000_0001UL, 0x8000_0000_0000_0001UL)]
    public void A_load_from_MMIO_is_the_hosts_to_emulate(int size, bool signed, uint htinst, ulong answer, ulong value)
    {
        uint load = signed ? Asm.Load(size, 7, 5, 0) : LoadUnsigned(size, 7, 5);
        ulong id = LaunchWithDevice([Lui(5, (uint)(GuestDevice >> 12)), Asm.Addi(5, 5, 0x18), load, Asm.Wfi]);
        Exit exit = _machine.Run(id);
        Assert.Equal((21UL, GuestDevice + 0x18, (ulong)htinst, 0UL), (exit.Cause, exit.Address, exit.Htinst, exit.Value));
        _machine.SetGpr(10, answer);
        Assert.Equal(22UL, _machine.Run(id).Cause);
        Assert.Equal(value, _machine.Vcpu(id).Context[7]);
    }

    [Theory]
    [InlineData(1, 0x00A0_0023u, 0x88UL)]
    [InlineData(2, 0x00A0_1023u, 0x7788UL)]
    [InlineData(4, 0x00A0_2023u, 0x5566_7788UL)]
    [InlineData(8, 0x00A0_3023u, 0x1122_3344_5566_7788UL)]
    public void A_store_to_MMIO_gives_the_host_the_value_and_nothing_else(int size, uint htinst, ulong value)
    {
        ulong id = LaunchWithDevice([Lui(5, (uint)(GuestDevice >> 12)), Asm.Store(size, 7, 5, 3 * size), Asm.Wfi]);
        _machine.Vcpu(id).Context[7] = 0x1122_3344_5566_7788;
        _machine.Vcpu(id).Context[8] = 0x5EC2E7;
        Exit exit = _machine.Run(id);
        Assert.Equal((23UL, GuestDevice + (ulong)(3 * size), (ulong)htinst), (exit.Cause, exit.Address, exit.Htinst));
        Assert.Equal(value, _machine.Gpr(10));
        Assert.All(Enumerable.Range(0, 32).Where(r => r != 10), r => Assert.Equal(0UL, _machine.Gpr(r)));
        Assert.Equal(22UL, _machine.Run(id).Cause);
    }

    [Fact]
    public void Compressed_accesses_to_MMIO_are_shown_uncompressed_and_their_length_is_kept()
    {
        ulong id = LaunchWithDevice([Lui(8, (uint)(GuestDevice >> 12)), 0xC004_4004, Asm.Wfi]); // c.lw x9, 0(x8); c.sw x9, 0(x8)
        Exit load = _machine.Run(id);
        Assert.Equal((21UL, 0x0000_2503UL), (load.Cause, load.Htinst));
        _machine.SetGpr(10, 0x77);
        Exit store = _machine.Run(id);
        Assert.Equal((23UL, 0x00A0_2023UL, 0x77UL), (store.Cause, store.Htinst, _machine.Gpr(10)));
        Assert.Equal(22UL, _machine.Run(id).Cause);
    }

    [Theory]
    [InlineData(0x0062_B32Fu, 7)] // amoadd.d x6, x6, (x5)
    [InlineData(0x0002_B007u, 5)] // fld f0, 0(x5)
    [InlineData(0x0012_A303u, 5)] // lw x6, 1(x5): misaligned
    [InlineData(0x0002_8067u, 1)] // jr x5
    public void Other_accesses_to_MMIO_are_access_faults_of_the_TVM(uint instruction, ulong cause)
    {
        ulong id = LaunchWithDevice([Lui(6, 2), Asm.Csrrs(0, 0x100, 6), Auipc(6, 0), Asm.Addi(6, 6, 0x38), Asm.Csrrw(0, 0x105, 6), Lui(5, (uint)(GuestDevice >> 12)), instruction, Asm.Nop, .. Enumerable.Repeat(Asm.Nop, 8), Asm.Csrrs(10, 0x142, 0), Asm.Wfi]);
        Assert.Equal(22UL, _machine.Run(id).Cause);
        Assert.Equal(cause, _machine.Vcpu(id).Context[10]);
    }

    [Fact]
    public void A_page_that_is_missing_is_the_hosts_to_add()
    {
        ulong id = _machine.Launch([Auipc(5, 5), Asm.Store(8, 5, 5, 0x7F), Asm.Load(8, 6, 5, 0x7F), Asm.Wfi]);
        Exit exit = _machine.Run(id);
        Assert.Equal((23UL, GuestMemory + 0x5000, 0UL), (exit.Cause, exit.Address, exit.Htinst)); // the page, not the byte
        Assert.Equal(23UL, _machine.Run(id).Cause); // again, as long as nothing is there
        ulong page = _machine.Take(1);
        _machine.Succeed("add_tvm_zero_pages", id, page, 0, 1, GuestMemory + 0x5000);
        Assert.Equal(22UL, _machine.Run(id).Cause);
        Assert.Equal(GuestMemory + 0x5000, _machine.Vcpu(id).Context[6]);
        Assert.Equal(GuestMemory + 0x5000, _machine.Read64(page + 0x7F));
    }

    [Fact]
    public void A_fetch_from_a_missing_page_is_cause_20()
    {
        ulong id = _machine.Launch([Auipc(5, 7), Asm.Jalr(0, 5, 0x20)]);
        Exit exit = _machine.Run(id);
        Assert.Equal((20UL, GuestMemory + 0x7000), (exit.Cause, exit.Address));
    }

    [Fact]
    public void Addresses_without_a_region_are_missing_pages_that_cannot_be_added()
    {
        ulong id = _machine.Launch([Lui(5, 0x20000), Asm.Load(8, 6, 5, 8)]);
        Exit exit = _machine.Run(id);
        Assert.Equal((21UL, 0x2000_0000UL), (exit.Cause, exit.Address));
        Assert.Equal(SbiError.InvalidAddress, _machine.Call("add_tvm_zero_pages", id, _machine.Take(1), 0, 1, 0x2000_0000).Error);
    }

    [Fact]
    public void The_host_cannot_touch_what_is_confidential()
    {
        ulong id = _machine.Launch(CallProgram);
        Hart hart = _machine.Hart0;
        ulong page = _machine.Tvm(id).Stage.Find(GuestMemory).Address;
        foreach (ulong address in new[] { page, _machine.Tvm(id).Stage.Root, _machine.Vcpu(id).StatePage, Tables })
        {
            foreach ((uint instruction, ulong cause) in new[] { (Asm.Load(8, 6, 5, 0), 5UL), (Asm.Store(8, 6, 5, 0), 7UL) })
            {
                Set(0x105, Base + 0x800);
                _machine.Write(Base + 0x400, instruction);
                hart.WriteRegister(5, address);
                hart.Pc = Base + 0x400;
                hart.Step();
                Assert.Equal((Base + 0x800, cause, address), (hart.Pc, hart.Scause, hart.Stval));
            }
        }

        hart.Pc = page;
        hart.Step();
        Assert.Equal((Base + 0x800, 1UL), (hart.Pc, hart.Scause));
    }

    [Fact]
    public void Host_timer_interrupts_end_a_run_and_stay_pending()
    {
        ulong id = _machine.Launch([Asm.Jal(0, 0)]);
        Hart hart = _machine.Hart0;
        Set(0x104, 1 << 5); // sie.STIE
        hart.WriteStimecmp(1000);
        _machine.Enter(id);
        hart.RunSlice(100);
        Assert.True(hart.IsVirtual);
        _machine.Clock.Ticks = 1000;
        Assert.Equal(SliceEnd.Budget, hart.RunSlice(50_000));
        Assert.Equal((false, Interrupt | 5, 0UL), (hart.IsVirtual, hart.Scause, hart.ReadRegister(11)));
        Assert.NotEqual(0UL, hart.Mip & (1 << 5));
        Assert.Equal(0UL, _machine.Csr(0x605));
        Assert.Equal(ulong.MaxValue, _machine.Csr(0x24D));
    }

    [Fact]
    public void A_TVM_has_a_timer_of_its_own()
    {
        // stvec to 0x80 on; sie.STIE; sstatus.SIE; loop. There: scause into a0; wfi.
        ulong id = _machine.Launch(
        [
            Auipc(5, 0), Asm.Addi(5, 5, 0x80), Asm.Csrrw(0, 0x105, 5), Asm.Addi(5, 0, 0x20), Asm.Csrrs(0, 0x104, 5), Asm.Addi(10, 0, 500), Asm.Csrrw(0, 0x14D, 10),
            Csrrsi(0, 0x100, 2), Asm.Jal(0, 0), .. Enumerable.Repeat(Asm.Nop, 0x20 - 9), Asm.Csrrs(10, 0x142, 0), Asm.Csrrw(0, 0x104, 0), Asm.Wfi, Asm.Wfi,
        ]);
        Hart hart = _machine.Hart0;
        _machine.Enter(id);
        hart.RunSlice(100);
        _machine.Clock.Ticks = 500;
        hart.RunSlice(50_000);
        Assert.Equal((false, 22UL), (hart.IsVirtual, hart.Scause));
        Assert.Equal(Interrupt | 5, _machine.Vcpu(id).Context[10]);
        Assert.Equal(500UL, _machine.Csr(0x24D));
        Assert.Equal(0UL, hart.Mip & (1 << 6)); // the host sees nothing of it
    }

    [Fact]
    public void WFI_exits_unless_an_interrupt_is_pending()
    {
        ulong id = _machine.Launch([Asm.Addi(5, 0, 2), Asm.Csrrs(0, 0x104, 5), Asm.Wfi, Asm.Csrrs(0, 0x144, 5), Asm.Wfi, Asm.Addi(6, 0, 1), Asm.Csrrc(0, 0x144, 5), Asm.Wfi]);
        Exit exit = _machine.Run(id);
        Assert.Equal((22UL, (ulong)Asm.Wfi, (ulong)Asm.Wfi), (exit.Cause, exit.Stval, exit.Htinst));
        Assert.Equal(2UL, _machine.Csr(0x204)); // vsie
        Assert.Equal(22UL, _machine.Run(id).Cause);
        Assert.Equal(1UL, _machine.Vcpu(id).Context[6]);
    }

    [Fact]
    public void Waiting_exits_where_the_host_wants_it()
    {
        const uint WrsNto = 0x00D0_0073;
        ulong id = _machine.Launch([WrsNto, Asm.Wfi, Asm.Wfi, Asm.Wfi]);
        Assert.Equal((22UL, WrsNto), (_machine.Run(id).Cause, (uint)_machine.Csr(0x64A)));
        Assert.Equal(22UL, _machine.Run(id).Cause);
        SetWaitingExits(_machine.Hart0, false);
        _machine.Enter(id);
        Assert.Equal(SliceEnd.Idle, _machine.Hart0.RunSlice(100));
        Assert.Equal((true, GuestMemory + 12), (_machine.Hart0.IsVirtual, _machine.Hart0.Pc));
    }

    [Fact]
    public void External_interrupts_need_the_TVMs_leave()
    {
        ulong id = _machine.Launch(CallProgram);
        _machine.SetCsr(0x645, 1 << 10); // hvip.VSEIP
        Assert.False(Deliver());
        Assert.True(_machine.CallFromGuest(id, Cove, 4, 33).Exited);
        Assert.True(Deliver());
        _machine.SetCsr(0x645, 0);
        Assert.False(Deliver());
        _machine.SetCsr(0x645, (1 << 2) | (1 << 6)); // software and timer are not the host's to give
        Assert.False(Deliver());
        _machine.SetCsr(0x645, 1 << 10);
        Assert.True(_machine.CallFromGuest(id, Cove, 5, ulong.MaxValue).Exited);
        Assert.False(Deliver());

        bool Deliver()
        {
            _machine.Enter(id);
            bool pending = (Get(0x244) & 0x202) != 0; // the timer is the TVM's own
            _machine.Continue();
            return pending;
        }
    }

    [Fact]
    public void What_would_be_legal_in_HS_mode_is_illegal_in_a_TVM()
    {
        ulong id = _machine.Launch([Auipc(5, 0), Asm.Addi(5, 5, 0x14), Asm.Csrrw(0, 0x105, 5), Asm.Csrrs(6, 0x600, 0), Asm.Nop, Asm.Csrrs(10, 0x142, 0), Asm.Wfi]);
        Assert.Equal(22UL, _machine.Run(id).Cause);
        Assert.Equal(2UL, _machine.Vcpu(id).Context[10]);
    }

    [Fact]
    public void Sharing_blocks_the_vCPU_until_the_old_pages_are_gone()
    {
        ulong id = _machine.Launch(CallProgram);
        ulong page = _machine.Take(1);
        _machine.Succeed("add_tvm_zero_pages", id, page, 0, 1, GuestMemory + 0x10000);
        Assert.Equal((new SbiResult(SbiError.Success), true), _machine.CallFromGuest(id, Cove, 2, GuestMemory + 0x10000, 0x4000));
        Assert.Equal((GuestMemory + 0x10000, 0x4000UL, 2UL, (ulong)Cove), (_machine.Gpr(10), _machine.Gpr(11), _machine.Gpr(16), _machine.Gpr(17)));
        Assert.Equal(SbiError.Failed, _machine.Call("run_tvm_vcpu", id, 0).Error);
        Assert.Equal(SbiError.InvalidAddress, _machine.Call("add_tvm_shared_pages", id, HostPages, 0, 1, GuestMemory + 0x10000).Error);
        _machine.Succeed("tvm_invalidate_pages", id, GuestMemory + 0x10000, PageSize);
        Assert.Equal(SbiError.InvalidAddress, _machine.Call("tvm_remove_pages", id, GuestMemory + 0x10000, PageSize).Error);
        _machine.Succeed("tvm_fence", id);
        _machine.Succeed("tvm_remove_pages", id, GuestMemory + 0x10000, PageSize);
        Assert.Equal(22UL, _machine.Run(id).Cause);
        _machine.Succeed("add_tvm_shared_pages", id, HostPages, 0, 4, GuestMemory + 0x10000);
        Assert.Equal(SbiError.InvalidAddress, _machine.Call("convert_pages", HostPages, 1).Error);
        _machine.Succeed("reclaim_pages", page, 1);
        Assert.Equal((new SbiResult(SbiError.Success), true), _machine.CallFromGuest(id, Cove, 3, GuestMemory + 0x10000, 0x4000));
        _machine.Succeed("tvm_invalidate_pages", id, GuestMemory + 0x10000, 0x4000);
        _machine.Succeed("tvm_fence", id);
        _machine.Succeed("tvm_remove_pages", id, GuestMemory + 0x10000, 0x4000);
        _machine.Succeed("convert_pages", HostPages, 4);
        Assert.Equal(22UL, _machine.Run(id).Cause);
    }

    [Fact]
    public void Shared_memory_carries_data_and_no_code()
    {
        // Writes to the shared page, then jumps there.
        ulong id = _machine.Launch(CallProgram);
        Assert.True(_machine.CallFromGuest(id, Cove, 2, GuestMemory + 0x10000, PageSize).Exited);
        Assert.Equal(22UL, _machine.Run(id).Cause);
        _machine.Succeed("add_tvm_shared_pages", id, HostPages, 0, 1, GuestMemory + 0x10000);
        _machine.Write(HostPages, Asm.Nop);
        Vcpu vcpu = _machine.Vcpu(id);
        ulong program = _machine.Tvm(id).Stage.Find(GuestMemory).Address;
        _machine.Write(program + 0x100, Asm.Store(8, 6, 5, 8), Asm.Jalr(0, 5, 0));
        _machine.Write(program + 0x200, Asm.Csrrs(10, 0x142, 0), Asm.Wfi);
        vcpu.Pending = default;
        vcpu.Context.Pc = GuestMemory + 0x100;
        vcpu.Context[5] = GuestMemory + 0x10000;
        vcpu.Context[6] = 0xDA7A;
        _machine.Enter(id);
        Set(0x205, GuestMemory + 0x200); // vstvec
        Assert.Equal(22UL, _machine.Continue().Cause);
        Assert.Equal(0xDA7AUL, _machine.Read64(HostPages + 8));
        Assert.Equal(1UL, vcpu.Context[10]);
    }

    [Fact]
    public void The_TSM_answers_what_concerns_the_TVM_alone()
    {
        ulong id = _machine.Launch(CallProgram, vcpus: 3);
        (SbiResult, bool) Local(ulong value = 0, SbiError error = SbiError.Success) => (new SbiResult(error, value), false);
        Assert.Equal(Local(3 << 24), _machine.CallFromGuest(id, 0x10, 0));
        Assert.Equal(Local(1), _machine.CallFromGuest(id, 0x10, 3, Cove));
        Assert.Equal(Local(0), _machine.CallFromGuest(id, 0x10, 3, 0x434F5648)); // COVH is none of its business
        Assert.Equal(Local(0), _machine.CallFromGuest(id, 0x10, 3, 0x504D55)); // PMU
        Assert.Equal(Local(), _machine.CallFromGuest(id, 0x54494D45, 0, 12345));
        Assert.Equal(12345UL, _machine.Vcpu(id).Context.Vstimecmp);
        Assert.Equal(Local(), _machine.CallFromGuest(id, 0x52464E43, 1, 7, 0, 0, 0));
        Assert.Equal(Local(0, SbiError.InvalidParam), _machine.CallFromGuest(id, 0x52464E43, 1, 8, 0, 0, 0));
        Assert.Equal(Local(0, SbiError.NotSupported), _machine.CallFromGuest(id, 0x52464E43, 4, 1, 0, 0, 0));
        Assert.Equal(Local(0, SbiError.NotSupported), _machine.CallFromGuest(id, 0x504D55, 0));
        Assert.Equal(Local(0), _machine.CallFromGuest(id, HartState, 2, 0));
        Assert.Equal(Local(1), _machine.CallFromGuest(id, HartState, 2, 2));
        Assert.Equal(Local(0, SbiError.InvalidParam), _machine.CallFromGuest(id, HartState, 2, 3));
        Assert.Equal(Local(0, SbiError.NotSupported), _machine.CallFromGuest(id, Cove, 99));
        Assert.Equal(Local(0, SbiError.NotSupported), _machine.CallFromGuest(id, 0x434F5648, 0));
    }

    [Fact]
    public void vCPUs_are_started_stopped_and_interrupted_by_the_TVM()
    {
        ulong id = _machine.Launch(CallProgram, vcpus: 2);
        Assert.Equal(SbiError.Failed, _machine.Call("run_tvm_vcpu", id, 1).Error);
        Assert.Equal((new SbiResult(SbiError.InvalidParam), false), _machine.CallFromGuest(id, HartState, 0, 2, GuestMemory, 5));
        Assert.Equal((new SbiResult(SbiError.InvalidAddress), false), _machine.CallFromGuest(id, HartState, 0, 1, 0x4000, 5));
        Assert.Equal((new SbiResult(SbiError.Success), true), _machine.CallFromGuest(id, HartState, 0, 1, GuestMemory + 4, 0x55));
        Assert.Equal((new SbiResult(SbiError.AlreadyAvailable), false), _machine.CallFromGuest(id, HartState, 0, 1, GuestMemory, 5));
        _machine.Enter(id, 1);
        Assert.Equal((GuestMemory + 4, 1UL, 0x55UL), (_machine.Hart0.Pc, _machine.Hart0.ReadRegister(10), _machine.Hart0.ReadRegister(11)));
        Assert.Equal(22UL, _machine.Continue().Cause);
        Assert.Equal((new SbiResult(SbiError.Success), true), _machine.CallFromGuest(id, Ipi, 0, 2, 0)); // it does not run: the host is told
        _machine.Enter(id, 1);
        Assert.Equal(2UL, Get(0x244)); // vsip.SSIP
        Assert.Equal(22UL, _machine.Continue().Cause);
        Assert.Equal((new SbiResult(SbiError.Success), false), _machine.CallFromGuest(id, Ipi, 0, 1, 0));
        Assert.Equal((new SbiResult(SbiError.Success), true), _machine.CallFromGuest(id, HartState, 1));
        Assert.Equal(SbiError.Failed, _machine.Call("run_tvm_vcpu", id, 0).Error);
    }

    [Fact]
    public void Measurements_can_be_extended_and_read()
    {
        ulong id = _machine.Launch(CallProgram);
        ulong buffer = _machine.Take(1);
        _machine.Succeed("add_tvm_zero_pages", id, buffer, 0, 1, GuestMemory + 0x3000);
        _machine.Write64(buffer, 1, 2, 3, 4, 5, 6);
        Assert.Equal((new SbiResult(SbiError.Success), false), _machine.CallFromGuest(id, Cove, 7, GuestMemory + 0x3000, 48, 6));
        Assert.Equal((new SbiResult(SbiError.Success), false), _machine.CallFromGuest(id, Cove, 10, GuestMemory + 0x3000, 48, 6));
        byte[] read = new byte[48];
        Assert.True(_machine.Ram.TryRead(buffer, read));
        byte[] preimage = new byte[96];
        Buffer.BlockCopy(new ulong[] { 1, 2, 3, 4, 5, 6 }, 0, preimage, 48, 48);
        Assert.Equal(System.Security.Cryptography.SHA384.HashData(preimage), read);
        Assert.Equal((new SbiResult(SbiError.Success), false), _machine.CallFromGuest(id, Cove, 6, GuestMemory + 0x3000, 4096));
        Assert.Equal((3UL << 32, 0x0406UL), (_machine.Read64(buffer + 8), _machine.Read64(buffer + 16) & 0xFFFF)); // SHA-384, CBOR and X.509; 6 initial, 4 runtime
    }

    [Fact]
    public void A_destroyed_TVM_leaves_nothing()
    {
        ulong id = _machine.Launch(CallProgram, vcpus: 2);
        Assert.True(_machine.CallFromGuest(id, Cove, 2, GuestMemory + 0x10000, PageSize).Exited);
        _machine.Run(id);
        _machine.Succeed("add_tvm_shared_pages", id, HostPages, 0, 1, GuestMemory + 0x10000);
        _machine.Succeed("destroy_tvm", id);
        Assert.Equal(SbiError.InvalidParam, _machine.Call("run_tvm_vcpu", id, 0).Error);
        _machine.Succeed("reclaim_pages", Confidential, ConfidentialPages);
        _machine.Succeed("convert_pages", HostPages, 1);
        Assert.All(Enumerable.Range(0, (int)ConfidentialPages), page => Assert.Equal(0UL, _machine.Read64(Confidential + ((ulong)page * PageSize))));
    }

    private static int PrivilegeModeOf(Hart hart) => (int)hart.Privilege;

    // A TVM that has declared a device.
    private ulong LaunchWithDevice(ReadOnlySpan<uint> program)
    {
        ulong id = _machine.Launch(program);
        Assert.True(_machine.Tvm(id).Regions.TrySet(GuestDevice, 0x1000, RegionKind.Mmio));
        return id;
    }

    private void Set(uint csr, ulong value) => CsrTable.For(_machine.Hart0.Configuration)[csr]!.Write(_machine.Hart0, value);

    private ulong Get(uint csr) => CsrTable.For(_machine.Hart0.Configuration)[csr]!.Read(_machine.Hart0);
}
