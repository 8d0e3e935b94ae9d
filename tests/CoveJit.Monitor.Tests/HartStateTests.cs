using CoveJit.Harts;
using CoveJit.Harts.Csrs;
using CoveJit.Harts.Traps;
using CoveJit.Memory.Translation;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Tests;

/// <summary>HSM, SUSP and FWFT.</summary>
public sealed class HartStateTests : IDisposable
{
    private const ulong Max = ulong.MaxValue;
    private const ulong NonRetentive = 0x8000_0000;

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    public static TheoryData<ulong> BadAddresses => [0UL, TestMachine.Base - 2, TestMachine.End, TestMachine.Base + 1, TestMachine.End - 1, Max, Max - 1, 0x1000_0000UL];

    [Fact]
    public void A_hart_starts_as_the_specification_says_stops_and_starts_again()
    {
        Hart other = _machine.Harts[1];
        Assert.Equal(HartStatus.Stopped, StatusOf(1));
        for (int round = 0; round < 2; round++)
        {
            Assert.Equal(SbiError.Success, _machine.Call(Eid.Hsm, 0, 1, TestMachine.Base + 4, 0xFEED).Error);
            Assert.Equal(HartStatus.StartPending, StatusOf(1));
            Assert.Equal(SbiError.AlreadyAvailable, _machine.Call(Eid.Hsm, 0, 1, TestMachine.Base + 4).Error);
            other.RunSlice(1);
            Assert.Equal(HartStatus.Started, StatusOf(1));
            Assert.Equal(SbiError.AlreadyAvailable, _machine.Call(Eid.Hsm, 0, 1, TestMachine.Base + 4).Error);
            Assert.Equal((TestMachine.Base + 8, 1UL, 0xFEEDUL), (other.Pc, other.ReadRegister(10), other.ReadRegister(11)));
            Assert.Equal((PrivilegeMode.Supervisor, 0UL, 0UL), (other.Privilege, other.Satp, other.Mstatus & Mstatus.Sie));

            TestMachine.CallOn(other, Eid.Hsm, 1);
            Assert.True(other.Halted);
            Assert.Equal(HartStatus.Stopped, StatusOf(1));
            Assert.Equal(Harts.SliceEnd.Idle, other.RunSlice(100));
        }
    }

    [Theory]
    [MemberData(nameof(BadAddresses))]
    public void Start_and_suspend_refuse_addresses_where_nothing_can_execute(ulong address)
    {
        Assert.Equal(SbiError.InvalidAddress, _machine.Call(Eid.Hsm, 0, 1, address).Error);
        Assert.Equal(HartStatus.Stopped, StatusOf(1));
        Assert.Equal(SbiError.InvalidAddress, _machine.Call(Eid.Hsm, 3, NonRetentive, address).Error);
        Assert.Equal(SbiError.InvalidAddress, _machine.Call(Eid.Suspend, 0, 0, address).Error);
        Assert.False(_machine.Hart0.IsWaiting);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(64)]
    [InlineData(1UL << 32)]
    [InlineData(Max)]
    public void Harts_that_do_not_exist(ulong id)
    {
        Assert.Equal(SbiError.InvalidParam, _machine.Call(Eid.Hsm, 0, id, TestMachine.Base).Error);
        Assert.Equal(SbiError.InvalidParam, _machine.Call(Eid.Hsm, 2, id).Error);
    }

    [Fact]
    public void A_retentive_suspend_ends_with_an_interrupt_and_keeps_everything()
    {
        Hart other = _machine.StartHart(1);
        EnableSoftwareInterrupt(other);
        other.WriteRegister(9, 0x99);
        TestMachine.CallOn(other, Eid.Hsm, 3, 0xABCD_0000_0000_0000, Max); // a 32-bit type; resume_addr is not looked at
        Assert.Equal(HartStatus.Suspended, StatusOf(1));
        Assert.Equal(Harts.SliceEnd.Idle, other.RunSlice(100));

        Assert.Equal(SbiError.Success, _machine.Call(Eid.Ipi, 0, 2, 0).Error);
        other.RunSlice(1);
        Assert.Equal(HartStatus.Started, StatusOf(1));
        Assert.Equal((TestMachine.Base + 8, 0UL, 0x99UL), (other.Pc, other.ReadRegister(10), other.ReadRegister(9)));
    }

    [Fact]
    public void A_hart_that_waits_after_its_suspension_is_started()
    {
        Hart other = _machine.StartHart(1);
        EnableSoftwareInterrupt(other);
        _machine.WriteCode(TestMachine.Data, 0x10500073, 0x10500073); // wfi
        TestMachine.CallOn(other, Eid.Hsm, 3, NonRetentive, TestMachine.Data, 0);
        _machine.Call(Eid.Ipi, 0, 2, 0);
        other.RunSlice(1);
        other.SetSoftwarePending(InterruptCode.SupervisorSoftware, false);
        other.RunSlice(10);
        Assert.True(other.IsWaiting);
        Assert.Equal(HartStatus.Started, StatusOf(1));
    }

    [Fact]
    public void A_non_retentive_suspend_resumes_at_its_address()
    {
        Hart other = _machine.StartHart(1);
        EnableSoftwareInterrupt(other);
        TestMachine.CallOn(other, Eid.Hsm, 3, NonRetentive, TestMachine.Base + 0x100, 0xFEED);
        Assert.Equal(HartStatus.Suspended, StatusOf(1));
        _machine.Call(Eid.Ipi, 0, 2, 0);
        other.RunSlice(1);
        Assert.Equal((TestMachine.Base + 0x104, 1UL, 0xFEEDUL), (other.Pc, other.ReadRegister(10), other.ReadRegister(11)));
        Assert.Equal(HartStatus.Started, StatusOf(1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0x0FFF_FFFF)]
    [InlineData(0x1000_0000)]
    [InlineData(0x7FFF_FFFF)]
    [InlineData(0x8000_0001)]
    [InlineData(0x9000_0000)]
    [InlineData(0xFFFF_FFFF)]
    public void Other_suspend_types_are_invalid(ulong type)
    {
        Assert.Equal(SbiError.InvalidParam, _machine.Call(Eid.Hsm, 3, type, TestMachine.Base).Error);
        Assert.Equal(SbiError.InvalidParam, _machine.Call(Eid.Suspend, 0, type & ~NonRetentive | 1, TestMachine.Base).Error);
    }

    [Fact]
    public void System_suspend_needs_all_other_harts_stopped()
    {
        Hart other = _machine.StartHart(1);
        Assert.Equal(SbiError.Denied, _machine.Call(Eid.Suspend, 0, 0, TestMachine.Base).Error);
        EnableSoftwareInterrupt(other);
        TestMachine.CallOn(other, Eid.Hsm, 3, 0); // suspended is not stopped
        Assert.Equal(SbiError.Denied, _machine.Call(Eid.Suspend, 0, 0, TestMachine.Base).Error);
        _machine.Call(Eid.Ipi, 0, 2, 0);
        other.RunSlice(1);
        TestMachine.CallOn(other, Eid.Hsm, 1);

        Hart hart = _machine.Hart0;
        EnableSoftwareInterrupt(hart);
        _machine.Call(Eid.Suspend, 0, 0, TestMachine.Base + 0x100, 0xFEED);
        Assert.Equal(Harts.SliceEnd.Idle, hart.RunSlice(100));
        hart.SetSoftwarePending(InterruptCode.SupervisorSoftware, true);
        hart.RunSlice(1);
        Assert.Equal((TestMachine.Base + 0x104, 0UL, 0xFEEDUL), (hart.Pc, hart.ReadRegister(10), hart.ReadRegister(11)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void A_feature_can_be_set_read_and_locked(ulong feature)
    {
        Assert.Equal(SbiResult.Of(1), _machine.Call(Eid.Features, 1, feature));
        Assert.Equal(SbiError.Success, _machine.Call(Eid.Features, 0, feature, 0, 0).Error);
        Assert.Equal(SbiResult.Of(0), _machine.Call(Eid.Features, 1, feature | (7UL << 32))); // a 32-bit parameter
        CheckRegisters(feature, set: false);
        Assert.Equal(SbiError.InvalidParam, _machine.Call(Eid.Features, 0, feature, 2, 0).Error);
        Assert.Equal(SbiError.InvalidParam, _machine.Call(Eid.Features, 0, feature, 1UL << 32, 0).Error);
        Assert.Equal(SbiError.InvalidParam, _machine.Call(Eid.Features, 0, feature, 1, 2).Error);
        Assert.Equal(SbiError.Success, _machine.Call(Eid.Features, 0, feature, 1, 1).Error);
        CheckRegisters(feature, set: true);
        Assert.Equal(SbiError.DeniedLocked, _machine.Call(Eid.Features, 0, feature, 0, 0).Error);
        Assert.Equal(SbiError.DeniedLocked, _machine.Call(Eid.Features, 0, feature, 0, 1).Error);
        Assert.Equal(SbiError.DeniedLocked, _machine.Call(Eid.Features, 0, feature, 1, 0).Error); // also the value it has
        Assert.Equal(SbiResult.Of(1), _machine.Call(Eid.Features, 1, feature));
    }

    [Theory]
    [InlineData(1, 1UL << 2)]
    [InlineData(2, 1UL << 3)]
    public void Landing_pads_and_shadow_stack_are_off_until_asked_for(ulong feature, ulong field)
    {
        Assert.Equal(SbiResult.Of(0), _machine.Call(Eid.Features, 1, feature));
        Assert.Equal(SbiError.Success, _machine.Call(Eid.Features, 0, feature, 1, 1).Error);
        Assert.Equal(SbiResult.Of(1), _machine.Call(Eid.Features, 1, feature));
        Assert.Equal(field, _machine.Hart0.Menvcfg & field);
        Assert.Equal(SbiError.DeniedLocked, _machine.Call(Eid.Features, 0, feature, 0, 0).Error);
    }

    [Fact]
    public void Features_are_local_and_unlocked_by_a_reset_of_the_hart()
    {
        Hart other = _machine.StartHart(1);
        Assert.Equal(SbiError.Success, TestMachine.CallOn(other, Eid.Features, 0, 4, 0, 1).Error);
        Assert.Equal(SbiResult.Of(1), _machine.Call(Eid.Features, 1, 4));
        TestMachine.CallOn(other, Eid.Hsm, 1);
        _machine.StartHart(1);
        Assert.Equal(SbiResult.Of(1), TestMachine.CallOn(other, Eid.Features, 1, 4));
        Assert.Equal(SbiError.Success, TestMachine.CallOn(other, Eid.Features, 0, 4, 0, 0).Error);
    }

    [Theory]
    [InlineData(3, SbiError.NotSupported)]
    [InlineData(5, SbiError.NotSupported)]
    [InlineData(6, SbiError.Denied)]
    [InlineData(0x3FFF_FFFF, SbiError.Denied)]
    [InlineData(0x4000_0000, SbiError.Denied)]
    [InlineData(0x8000_0000, SbiError.Denied)]
    [InlineData(0xFFFF_FFFF, SbiError.Denied)]
    public void Features_that_there_are_not(ulong feature, SbiError error)
    {
        Assert.Equal(error, _machine.Call(Eid.Features, 0, feature, 1, 0).Error);
        Assert.Equal(new SbiResult(error), _machine.Call(Eid.Features, 1, feature));
    }

    [Fact]
    public void An_undelegated_misaligned_exception_still_reaches_the_supervisor()
    {
        Hart hart = _machine.Hart0;
        Assert.Equal(SbiError.Success, _machine.Call(Eid.Features, 0, 0, 0, 0).Error);
        _machine.WriteCode(TestMachine.Base + 0x200, 0x1005B52F); // lr.d a0, (a1)
        hart.Pc = TestMachine.Base + 0x200;
        hart.WriteRegister(11, TestMachine.Data + 1);
        hart.Step();
        Assert.Equal(((ulong)TrapCause.LoadMisaligned, TestMachine.Data + 1, TestMachine.Base + 0x200), (hart.Scause, hart.Stval, hart.Sepc));
    }

    private static void EnableSoftwareInterrupt(Hart hart)
    {
        // csrrsi x0, sie, 2
        hart.Pc = TestMachine.Data;
        hart.Map.Ram.TryWrite(TestMachine.Data, [0x73, 0x60, 0x41, 0x10]);
        hart.Step();
        Assert.Equal(1UL << InterruptCode.SupervisorSoftware, hart.Mie);
    }

    private void CheckRegisters(ulong feature, bool set)
    {
        bool actual = feature == 0
            ? (_machine.Hart0.Medeleg & 0x50) == 0x50
            : (_machine.Hart0.Menvcfg & Envcfg.Adue) != 0;
        Assert.Equal(set, actual);
    }

    private HartStatus StatusOf(ulong hart)
    {
        SbiResult result = _machine.Call(Eid.Hsm, 2, hart);
        Assert.Equal(SbiError.Success, result.Error);
        return (HartStatus)result.Value;
    }
}
