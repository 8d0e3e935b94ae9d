using CoveJit.Harts.Csrs;
using CoveJit.Harts.Traps;
using CoveJit.Isa;
using CoveJit.Memory.Translation;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Harts.Tests;

/// <summary>Landing pads and the shadow stack (Unprivileged and Privileged, chapters "CFI").</summary>
public sealed unsafe class ControlFlowTests
{
    private const uint Mseccfg = 0x747;
    private const uint Ssp = 0x011;
    private const ulong Mlpe = 1UL << 10;
    private const ulong Lpe = 1UL << 2;
    private const ulong Sse = 1UL << 3;
    private const uint Lpad = 0x17;
    private const uint SspushRa = 0xCE10_4073;
    private const uint SspopchkRa = 0xCDC0_C073;
    private const uint SsrdpA0 = 0xCDC0_4573;
    private const uint CSspushRa = 0x6081;
    private const uint CSspopchkT0 = 0x6281;
    private const uint SsamoswapD = 0x48B5_B52F; // ssamoswap.d a0, a1, (a1)
    private const ulong Target = Program + 0x100;
    private const ulong Stack = 0x4000_0000;
    private const ulong Code = 0x4010_0000;
    private const ulong ShadowStackPage = 0x5 | 0xC0; // V, W, A, D
    private const ulong UserPage = 0x10;

    // Where an indirect jump lands, by the register it goes through, x7, and what is there.
    [Theory]
    [InlineData(10, 0u, Lpad, true)]
    [InlineData(10, 0u, Asm.Nop, false)]
    [InlineData(10, 0x12345000u, Lpad | 0x12345000u, true)]
    [InlineData(10, 0x12346000u, Lpad | 0x12345000u, false)]
    [InlineData(10, 0x12346000u, Lpad, true)]
    [InlineData(10, 0u, 0x0000_0517u, false)] // auipc a0
    [InlineData(1, 0u, Asm.Nop, true)]
    [InlineData(5, 0u, Asm.Nop, true)]
    [InlineData(7, (uint)(Target & 0xFFFFFFFF), Asm.Nop, true)]
    public void An_indirect_jump_must_land_on_a_pad(int register, uint label, uint landing, bool lands)
    {
        using TestMachine machine = new();
        machine.Write(Program, Asm.Jalr(0, register, 0));
        machine.Write(Target, landing, Asm.Nop);
        machine.Set(Mseccfg, Mlpe);
        machine.Hart.WriteRegister(7, label);
        machine.Hart.WriteRegister(register, Target);
        Assert.True(machine.Step());
        Assert.Equal(Target, machine.Hart.Pc);
        Assert.Equal(lands, machine.Step());
        if (lands)
        {
            Assert.Equal(Target + 4, machine.Hart.Pc);
            Assert.True(machine.Step());
            return;
        }

        Assert.Equal((18UL, 2UL, Target), (machine.Get(0x342), machine.Get(0x343), machine.Get(0x341)));
        Assert.NotEqual(0UL, machine.Get(0x300) & Mstatus.Mpelp);
        Assert.Equal(0u, machine.Hart.State->ExpectsLandingPad);
    }

    // The run loop and both of its ways through blocks, not single steps.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Jumps_in_blocks_are_looked_at_too(bool lands)
    {
        using TestMachine machine = new();
        machine.Write(Program, Asm.Addi(8, 8, 1), Asm.Jalr(1, 10, 0), Asm.Bne(8, 9, -8), Asm.Ecall);
        machine.Write(Target, lands ? Lpad : Asm.Nop, Asm.Addi(11, 11, 1), Asm.Ret);
        machine.Set(Mseccfg, Mlpe);
        machine.Hart.WriteRegister(9, 50);
        machine.Hart.WriteRegister(10, Target);
        machine.RunToIdle();
        Assert.Equal(lands ? 11UL : 18UL, machine.Get(0x342));
        Assert.Equal(lands ? 50UL : 0, machine.Hart.ReadRegister(11));
    }

    [Fact]
    public void A_misaligned_pad_is_none()
    {
        using TestMachine machine = new();
        machine.Write(Program, Asm.Jalr(0, 10, 2));
        Assert.True(machine.Ram.TryWrite(Target + 2, BitConverter.GetBytes(Lpad)));
        machine.Set(Mseccfg, Mlpe);
        machine.Hart.WriteRegister(10, Target);
        Assert.True(machine.Step());
        Assert.False(machine.Step());
        Assert.Equal(18UL, machine.Get(0x342));
    }

    [Theory]
    [InlineData(PrivilegeMode.Supervisor, false, 0x30Au)]
    [InlineData(PrivilegeMode.Supervisor, true, 0x60Au)]
    [InlineData(PrivilegeMode.User, false, 0x10Au)]
    [InlineData(PrivilegeMode.User, true, 0x10Au)]
    public void Each_mode_has_its_own_enable(PrivilegeMode mode, bool isVirtual, uint enable)
    {
        using TestMachine machine = new();
        machine.Write(Program, Asm.Jalr(0, 10, 0));
        machine.Write(Target, Asm.Nop);
        foreach (ulong enabled in new[] { 0UL, Lpe })
        {
            machine.Prepare(machine.Hart);
            machine.Set(enable, enabled);
            machine.GoTo(mode, Program, isVirtual);
            machine.Hart.WriteRegister(10, Target);
            Assert.True(machine.Step());
            Assert.Equal(enabled == 0, machine.Step());
        }
    }

    [Fact]
    public void What_was_expected_survives_a_trap_and_its_return()
    {
        using TestMachine machine = new();
        machine.Write(Program, Asm.Jalr(0, 10, 0));
        machine.Write(Target, Lpad, Asm.Nop);
        machine.Set(0x302, 1UL << 18);
        machine.Set(0x30A, Lpe);
        machine.Set(0x304, 8);
        machine.GoTo(PrivilegeMode.Supervisor, Program);
        machine.Hart.WriteRegister(10, Target);
        Assert.True(machine.Step());
        machine.Hart.SetLine(3, true);
        machine.Hart.RunSlice(1); // the interrupt between jump and pad, in M-mode
        Assert.Equal((3UL | (1UL << 63), Target), (machine.Get(0x342), machine.Get(0x341)));
        Assert.NotEqual(0UL, machine.Get(0x300) & Mstatus.Mpelp);
        machine.Hart.SetLine(3, false);
        machine.Write(MachineHandler, Asm.Mret);
        machine.Hart.Pc = MachineHandler;
        Assert.True(machine.Step());
        Assert.Equal(1u, machine.Hart.State->ExpectsLandingPad);
        Assert.Equal(0UL, machine.Get(0x300) & Mstatus.Mpelp);
        Assert.True(machine.Step());
        Assert.Equal(Target + 4, machine.Hart.Pc);
    }

    [Fact]
    public void A_fault_in_supervisor_mode_is_delegated_with_spelp()
    {
        using TestMachine machine = new();
        machine.Write(Program, Asm.Jalr(0, 10, 0));
        machine.Write(Target, Asm.Nop);
        machine.Set(0x302, 1UL << 18);
        machine.Set(0x30A, Lpe);
        machine.GoTo(PrivilegeMode.Supervisor, Program);
        machine.Hart.WriteRegister(10, Target);
        machine.RunToIdle();
        Assert.Equal((18UL, 2UL, Target), (machine.Get(0x142), machine.Get(0x143), machine.Get(0x141)));
        Assert.NotEqual(0UL, machine.Get(0x100) & Mstatus.Spelp);
    }

    [Fact]
    public void Pushes_and_checks_return_addresses()
    {
        using TestMachine machine = ShadowMachine(SspushRa, SsrdpA0, SspopchkRa, CSspushRa | (CSspopchkT0 << 16));
        Hart hart = machine.Hart;
        hart.WriteRegister(1, 0x1234);
        hart.WriteRegister(5, 0x1234);
        Assert.True(machine.Step());
        Assert.Equal(0x1234UL, machine.Read64(Data + 0xFF8));
        Assert.True(machine.Step());
        Assert.Equal(Stack + 0xFF8, hart.ReadRegister(10));
        Assert.True(machine.Step());
        Assert.Equal(Stack + 0x1000, hart.Ssp);
        Assert.True(machine.Step());
        Assert.Equal(Stack + 0xFF8, hart.Ssp);
        hart.WriteRegister(5, 0x1235);
        Assert.False(machine.Step());
        Assert.Equal((18UL, 3UL), (machine.Get(0x342), machine.Get(0x343)));
        Assert.Equal(Stack + 0xFF8, hart.Ssp);
    }

    [Fact]
    public void Where_it_is_not_active_the_instructions_do_nothing()
    {
        using TestMachine machine = ShadowMachine(SspushRa, SspopchkRa, SsrdpA0, CSspushRa | (CSspopchkT0 << 16));
        machine.Hart.WriteMenvcfg(0);
        machine.Hart.WriteRegister(10, 7);
        for (int i = 0; i < 5; i++)
        {
            Assert.True(machine.Step());
        }

        Assert.Equal((0UL, 0UL), (machine.Hart.ReadRegister(10), machine.Read64(Data + 0xFF8)));
        Assert.Equal(Stack + 0x1000, machine.Hart.Ssp);
    }

    [Fact]
    public void Swaps_with_the_stack()
    {
        using TestMachine machine = ShadowMachine(SsamoswapD);
        machine.Write64(Data + 0x10, 0x55);
        machine.Hart.WriteRegister(11, Stack + 0x10);
        Assert.True(machine.Step());
        Assert.Equal((0x55UL, Stack + 0x10), (machine.Hart.ReadRegister(10), machine.Read64(Data + 0x10)));
    }

    // What others may do with a shadow stack page, and shadow stack instructions with other pages.
    [Theory]
    [InlineData("load", ShadowStackPage, 0UL)]
    [InlineData("store", ShadowStackPage, 7UL)]
    [InlineData("amo", ShadowStackPage, 7UL)]
    [InlineData("fetch", ShadowStackPage, 1UL)]
    [InlineData("cbo", ShadowStackPage, 7UL)]
    [InlineData("push", 0xC7UL, 7UL)] // RW
    [InlineData("push", 0xC3UL, 15UL)] // R: may be copied
    [InlineData("push", 0xCBUL, 7UL)] // RX
    [InlineData("pop", 0xC7UL, 7UL)]
    [InlineData("pop", 0xC3UL, 15UL)]
    [InlineData("pop", 0UL, 15UL)]
    [InlineData("push", ShadowStackPage | UserPage, 15UL)]
    [InlineData("swap", 0xC7UL, 7UL)]
    [InlineData("misaligned", ShadowStackPage, 7UL)]
    [InlineData("reserved", 0xCDUL, 13UL)] // WX
    public void Only_shadow_stack_instructions_write_its_pages_and_no_others(string access, ulong page, ulong cause)
    {
        uint instruction = access switch
        {
            "load" or "reserved" => Asm.Load(8, 12, 11, 0),
            "store" => Asm.Store(8, 12, 11, 0),
            "amo" => Asm.AmoAdd(8, 12, 11, 12),
            "fetch" => Asm.Jalr(0, 11, 0),
            "cbo" => 0x0015_A00F, // cbo.clean (a1)
            "pop" => SspopchkRa,
            "swap" => SsamoswapD,
            _ => SspushRa,
        };
        using TestMachine machine = ShadowMachine(instruction);
        machine.MapPage(Stack, Data, page);
        machine.Hart.FenceAddressSpace(null, null);
        machine.Hart.WriteRegister(11, Stack + 0xFF8);
        machine.Hart.Ssp = access == "misaligned" ? Stack + 0xFFC : access == "pop" ? Stack + 0xFF8 : Stack + 0x1000;
        bool done = machine.Step() && (access != "fetch" || machine.Step());
        Assert.Equal(cause == 0, done);
        if (cause != 0)
        {
            Assert.Equal(cause, machine.Get(0x342));
        }
    }

    [Fact]
    public void Without_page_tables_there_is_no_shadow_stack()
    {
        using TestMachine machine = new();
        machine.Write(Program, SspushRa);
        machine.Set(0x30A, Sse);
        machine.GoTo(PrivilegeMode.Supervisor, Program);
        machine.Hart.Ssp = Data + 0x1000;
        Assert.False(machine.Step());
        Assert.Equal(7UL, machine.Get(0x342));
    }

    [Fact]
    public void The_encoding_is_reserved_while_it_is_not_enabled_and_changes_at_once()
    {
        using TestMachine machine = ShadowMachine(Asm.Load(8, 12, 11, 0), Asm.Load(8, 12, 11, 0));
        machine.Hart.WriteRegister(11, Stack);
        Assert.True(machine.Step());
        machine.Hart.WriteMenvcfg(0);
        Assert.False(machine.Step());
        Assert.Equal(13UL, machine.Get(0x342));
    }

    // Cause of an access to ssp: 0 none, 2 illegal, 22 virtual instruction.
    [Theory]
    [InlineData(PrivilegeMode.Supervisor, false, 0UL, 0UL, 0UL, 2UL)]
    [InlineData(PrivilegeMode.Supervisor, false, Sse, 0UL, 0UL, 0UL)]
    [InlineData(PrivilegeMode.User, false, Sse, 0UL, 0UL, 2UL)]
    [InlineData(PrivilegeMode.User, false, Sse, 0UL, Sse, 0UL)]
    [InlineData(PrivilegeMode.Supervisor, true, Sse, 0UL, 0UL, 22UL)]
    [InlineData(PrivilegeMode.Supervisor, true, Sse, Sse, 0UL, 0UL)]
    [InlineData(PrivilegeMode.User, true, Sse, Sse, 0UL, 22UL)]
    [InlineData(PrivilegeMode.User, true, Sse, Sse, Sse, 0UL)]
    [InlineData(PrivilegeMode.User, true, 0UL, Sse, Sse, 2UL)]
    public void The_pointer_is_accessible_where_the_stack_is_enabled(PrivilegeMode mode, bool isVirtual, ulong menvcfg, ulong henvcfg, ulong senvcfg, ulong cause)
    {
        using TestMachine machine = new();
        machine.Write(Program, Asm.Csrrs(10, Ssp, 0));
        machine.Set(0x30A, menvcfg);
        machine.Set(0x60A, henvcfg);
        machine.Set(0x10A, senvcfg);
        machine.GoTo(mode, Program, isVirtual);
        Assert.Equal(cause == 0, machine.Step());
        if (cause != 0)
        {
            Assert.Equal(cause, machine.Get(0x342));
        }
    }

    [Fact]
    public void Fields_exist_only_with_the_extensions_and_follow_each_other()
    {
        using TestMachine with = new();
        with.Set(Ssp, ulong.MaxValue);
        Assert.Equal(~7UL, with.Get(Ssp));
        with.Set(0x60A, Sse | Lpe);
        Assert.Equal(Lpe, with.Get(0x60A));
        with.Set(0x10A, Sse | Lpe);
        Assert.Equal(Lpe, with.Get(0x10A));
        with.Set(0x30A, Sse);
        with.Set(0x60A, Sse);
        with.Set(0x10A, Sse);
        Assert.Equal((Sse, Sse), (with.Get(0x60A), with.Get(0x10A)));
        with.Set(0x30A, 0);
        Assert.Equal((0UL, 0UL), (with.Get(0x60A), with.Get(0x10A)));

        HartConfiguration configuration = new();
        using TestMachine without = new(configuration: configuration with { Extensions = configuration.Extensions.Without(Extension.Zicfilp).Without(Extension.Zicfiss) });
        without.Set(0x30A, Sse | Lpe);
        without.Set(Mseccfg, Mlpe);
        without.Set(0x300, Mstatus.Mpelp | Mstatus.Spelp);
        without.Set(0x302, 1UL << 18);
        Assert.Equal((0UL, 0UL, 0UL), (without.Get(0x30A) & (Sse | Lpe), without.Get(Mseccfg), without.Get(0x302)));
        Assert.Equal(0UL, without.Get(0x300) & (Mstatus.Mpelp | Mstatus.Spelp));
    }

    // S-mode with a shadow stack page at Stack, ssp behind it, and the instructions to execute.
    private static TestMachine ShadowMachine(params uint[] instructions)
    {
        TestMachine machine = new();
        machine.Write(Program, instructions);
        machine.MapPage(Code, Program, 0xCB);
        machine.MapPage(Stack, Data, ShadowStackPage);
        machine.Set(0x180, machine.Satp());
        machine.Set(0x30A, Sse | 0xF0);
        machine.GoTo(PrivilegeMode.Supervisor, Code);
        machine.Hart.Ssp = Stack + 0x1000;
        return machine;
    }
}
