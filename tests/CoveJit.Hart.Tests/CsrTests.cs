using CoveJit.Memory.Translation;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Harts.Tests;

public sealed class CsrTests
{
    private const ulong Ones = ulong.MaxValue;
    private const ulong Xl = 0xA_0000_0000;

    // Number, value written after reset (mstatus.FS on), value read back.
    [Theory]
    [InlineData("mstatus", 0x300, Ones, 0x8000_00CA_007E_79AA)]
    [InlineData("mstatus", 0x300, 0UL, Xl)]
    [InlineData("mstatus MPP reserved", 0x300, 0x1000UL, Xl)]
    [InlineData("mstatus MPP S", 0x300, 0x800UL, Xl | 0x800)]
    [InlineData("mstatus FS Clean", 0x300, 0x4000UL, Xl | 0x4000)]
    [InlineData("mstatus FS Dirty", 0x300, 0x6000UL, (1UL << 63) | Xl | 0x6000)]
    [InlineData("misa", 0x301, 0UL, 0x8000_0000_0014_11AD)]
    [InlineData("misa", 0x301, Ones, 0x8000_0000_0014_11AD)]
    [InlineData("medeleg", 0x302, Ones, 0xF0_B7FFUL)]
    [InlineData("mideleg", 0x303, Ones, 0x3666UL)]
    [InlineData("mideleg", 0x303, 0UL, 0x1444UL)]
    [InlineData("mie", 0x304, Ones, 0x3EEEUL)]
    [InlineData("mtvec direct", 0x305, 0x8000_0100UL, 0x8000_0100UL)]
    [InlineData("mtvec vectored", 0x305, 0x8000_0101UL, 0x8000_0101UL)]
    [InlineData("mtvec reserved", 0x305, 0x8000_0102UL, 0x8000_0100UL)]
    [InlineData("mtvec reserved", 0x305, 0x8000_0103UL, 0x8000_0100UL)]
    [InlineData("mcounteren", 0x306, Ones, 0x7FFUL)]
    [InlineData("menvcfg", 0x30A, Ones, 0xE000_0000_0000_00F1)]
    [InlineData("menvcfg CBIE reserved", 0x30A, 0x20UL, 0UL)]
    [InlineData("menvcfg CBIE flush", 0x30A, 0x10UL, 0x10UL)]
    [InlineData("mstateen0", 0x30C, Ones, 0xC000_0000_0000_0000)]
    [InlineData("mstateen1", 0x30D, Ones, 0x8000_0000_0000_0000)]
    [InlineData("mstateen3", 0x30F, Ones, 0x8000_0000_0000_0000)]
    [InlineData("mscratch", 0x340, 0x1234_5678_9ABC_DEF0, 0x1234_5678_9ABC_DEF0)]
    [InlineData("mepc", 0x341, Ones, Ones - 1)]
    [InlineData("mcause", 0x342, 0x8000_0000_0000_000B, 0x8000_0000_0000_000B)]
    [InlineData("mtval", 0x343, Ones, Ones)]
    [InlineData("mip", 0x344, Ones, 0x2226UL)]
    [InlineData("mseccfg", 0x747, 4UL, 4UL)]
    [InlineData("mseccfg", 0x747, ~3UL, 4UL)]
    [InlineData("pmpcfg0", 0x3A0, 0x7F1FUL, 0x1F1FUL)]
    [InlineData("pmpcfg0 W without R", 0x3A0, 0x1AUL, 0x18UL)]
    [InlineData("pmpcfg4", 0x3A4, Ones, 0UL)]
    [InlineData("pmpaddr1", 0x3B1, Ones, 0x3F_FFFF_FFFF_FFFF)]
    [InlineData("pmpaddr16", 0x3C0, Ones, 0UL)]
    [InlineData("sstatus", 0x100, Ones, 0x8000_0002_000C_6122)]
    [InlineData("sstatus", 0x100, 0UL, 0x2_0000_0000UL)]
    [InlineData("sie, nothing delegated", 0x104, Ones, 0UL)]
    [InlineData("stvec vectored", 0x105, Ones - 2, Ones - 2)]
    [InlineData("stvec reserved", 0x105, Ones, Ones - 3)]
    [InlineData("scounteren", 0x106, Ones, 0x7FFUL)]
    [InlineData("senvcfg", 0x10A, Ones, 0xF1UL)]
    [InlineData("senvcfg CBIE reserved", 0x10A, 0x20UL, 0UL)]
    [InlineData("sstateen0", 0x10C, Ones, 0UL)]
    [InlineData("sscratch", 0x140, Ones, Ones)]
    [InlineData("sepc", 0x141, Ones, Ones - 1)]
    [InlineData("scause", 0x142, 0x8000_0000_0000_0005, 0x8000_0000_0000_0005)]
    [InlineData("stval", 0x143, Ones, Ones)]
    [InlineData("sip, nothing delegated", 0x144, Ones, 0UL)]
    [InlineData("stimecmp", 0x14D, 0x1234UL, 0x1234UL)]
    [InlineData("satp Sv39", 0x180, 0x8FFF_FFFF_FFFF_FFFF, 0x8FFF_FFFF_FFFF_FFFF)]
    [InlineData("satp Sv48", 0x180, 0x9000_0000_0008_0000, 0x9000_0000_0008_0000)]
    [InlineData("satp Sv57", 0x180, 0xA000_0000_0008_0000, 0xA000_0000_0008_0000)]
    [InlineData("satp reserved 1", 0x180, 0x1000_0000_0008_0000, 0UL)]
    [InlineData("satp reserved 7", 0x180, 0x7000_0000_0008_0000, 0UL)]
    [InlineData("satp Sv64", 0x180, 0xB000_0000_0008_0000, 0UL)]
    [InlineData("satp custom", 0x180, 0xF000_0000_0008_0000, 0UL)]
    [InlineData("mmpt Bare has no root", 0x382, 0x0FFF_FFFF_FFFF_FFFF, 0x03F0_0000_0000_0000UL)]
    [InlineData("mmpt Smmpt43", 0x382, 0x1FFF_FFFF_FFFF_FFFF, 0x13F0_0FFF_FFFF_FFFFUL)]
    [InlineData("mmpt Smmpt52", 0x382, 0x2010_0000_0008_0001, 0x2010_0000_0008_0001UL)]
    [InlineData("mmpt Smmpt64, a root of 32 KiB", 0x382, 0x3010_0000_0008_000F, 0x3010_0000_0008_0008UL)]
    [InlineData("mmpt reserved", 0x382, 0x4010_0000_0008_0001, 0x0010_0000_0000_0000UL)]
    [InlineData("mmpt custom", 0x382, Ones, 0x03F0_0000_0000_0000UL)]
    [InlineData("msdcfg", 0x74E, Ones, 0UL)]
    [InlineData("hstatus", 0x600, Ones, 0x2_0070_03C0UL)] // VGEIN beyond GEILEN is not taken
    [InlineData("hstatus VGEIN", 0x600, 0x7000UL, 0x2_0000_7000UL)]
    [InlineData("hstatus VGEIN", 0x600, 0x8000UL, 0x2_0000_0000UL)]
    [InlineData("hedeleg", 0x602, Ones, 0xC_B1FFUL)]
    [InlineData("hideleg", 0x603, Ones, 0x444UL)]
    [InlineData("hie", 0x604, Ones, 0x1444UL)]
    [InlineData("htimedelta", 0x605, Ones, Ones)]
    [InlineData("hcounteren", 0x606, Ones, 0x7FFUL)]
    [InlineData("hgeie", 0x607, Ones, 0xFEUL)]
    [InlineData("henvcfg", 0x60A, Ones, 0xF1UL)] // ADUE, PBMTE and STCE need menvcfg's
    [InlineData("henvcfg CBIE reserved", 0x60A, 0x20UL, 0UL)]
    [InlineData("hstateen0", 0x60C, Ones, 0UL)] // mstateen0 is zero
    [InlineData("htval", 0x643, Ones, Ones)]
    [InlineData("hip", 0x644, Ones, 4UL)]
    [InlineData("hvip", 0x645, Ones, 0x444UL)]
    [InlineData("htinst", 0x64A, 0x3020UL, 0x3020UL)]
    [InlineData("hgatp Sv39x4", 0x680, 0x8FFF_FFFF_FFFF_FFFF, 0x83FF_FFFF_FFFF_FFFC)]
    [InlineData("hgatp Sv48x4", 0x680, 0x9000_0000_0008_0004, 0x9000_0000_0008_0004)]
    [InlineData("hgatp Sv57x4", 0x680, 0xA000_0000_0008_0004, 0xA000_0000_0008_0004)]
    [InlineData("hgatp reserved", 0x680, 0xB000_0000_0008_0004, 0x8_0004UL)] // the other fields are taken all the same
    [InlineData("mtinst", 0x34A, 0x3000UL, 0x3000UL)]
    [InlineData("mtval2", 0x34B, Ones, Ones)]
    [InlineData("vsstatus", 0x200, Ones, 0x8000_0002_000C_6122)]
    [InlineData("vsstatus", 0x200, 0UL, 0x2_0000_0000UL)]
    [InlineData("vsie, nothing delegated", 0x204, Ones, 0UL)]
    [InlineData("vstvec reserved", 0x205, Ones, Ones - 3)]
    [InlineData("vsscratch", 0x240, Ones, Ones)]
    [InlineData("vsepc", 0x241, Ones, Ones - 1)]
    [InlineData("vscause", 0x242, 0x8000_0000_0000_0005, 0x8000_0000_0000_0005)]
    [InlineData("vstval", 0x243, Ones, Ones)]
    [InlineData("vsip, nothing delegated", 0x244, Ones, 0UL)]
    [InlineData("vstimecmp", 0x24D, 0x1234UL, 0x1234UL)]
    [InlineData("vsatp Sv39", 0x280, 0x8FFF_FFFF_FFFF_FFFF, 0x8FFF_FFFF_FFFF_FFFF)]
    [InlineData("vsatp reserved", 0x280, 0x7000_0000_0008_0000, 0UL)]
    [InlineData("fflags", 0x001, Ones, 0x1FUL)]
    [InlineData("frm", 0x002, Ones, 7UL)]
    [InlineData("fcsr", 0x003, Ones, 0xFFUL)]
    public void WARL(string name, int number, ulong written, ulong read)
    {
        using TestMachine machine = new();
        machine.Hart.Reset(Program);
        machine.Hart.WriteMstatus(0x2000, 0x6000);
        machine.Write(Program, Asm.Csrrw(0, (uint)number, 6), Asm.Csrrs(7, (uint)number, 0));
        machine.Hart.WriteRegister(6, written);
        Assert.True(machine.Step(), name);
        Assert.True(machine.Step(), name);
        Assert.Equal(read, machine.Hart.ReadRegister(7));
    }

    [Fact]
    public void A_reserved_value_keeps_the_field_it_would_change()
    {
        using TestMachine machine = new();
        machine.Set(0x300, 0x1800);
        machine.Set(0x300, 0x1000);
        Assert.Equal(0x1800UL, machine.Get(0x300) & 0x1800);
        machine.Set(0x305, 0x101);
        machine.Set(0x305, 0x202);
        Assert.Equal(0x201UL, machine.Get(0x305));
        machine.Set(0x30A, 0x30);
        machine.Set(0x30A, 0x20);
        Assert.Equal(0x30UL, machine.Get(0x30A));
        machine.Set(0x180, 0x8000_0000_0000_1111);
        machine.Set(0x180, 0xB000_0000_0000_2222); // an unsupported mode: the whole write has no effect
        Assert.Equal(0x8000_0000_0000_1111, machine.Get(0x180));
    }

    [Theory]
    [InlineData(3, 9, false)]
    [InlineData(3, 8, true)]
    [InlineData(4, 9, true)]
    [InlineData(4, 10, false)]
    public void satp_takes_only_the_modes_the_hart_has(int levels, int mode, bool taken)
    {
        using TestMachine machine = new(configuration: new HartConfiguration { MaximumLevels = levels, AsidBits = 4 });
        machine.Set(0x180, ((ulong)mode << 60) | (0xFFFFUL << 44) | 5);
        Assert.Equal(taken ? ((ulong)mode << 60) | (0xFUL << 44) | 5 : 0, machine.Get(0x180));
    }

    public static IEnumerable<uint> Implemented()
    {
        uint[] single =
        [
            0x001, 0x002, 0x003, 0x100, 0x104, 0x105, 0x106, 0x10A, 0x140, 0x141, 0x142, 0x143, 0x144, 0x14D, 0x180,
            0x300, 0x301, 0x302, 0x303, 0x304, 0x305, 0x306, 0x30A, 0x320, 0x340, 0x341, 0x342, 0x343, 0x344, 0x747,
            0xB00, 0xB02, 0xDA0, 0xF11, 0xF12, 0xF13, 0xF14, 0xF15,
            0x200, 0x204, 0x205, 0x24D, 0x280, 0x34A, 0x34B, 0x600, 0x60A, 0x643, 0x644, 0x645, 0x64A, 0x680, 0xE12, 0x382, 0x74E,
        ];
        IEnumerable<uint> Range(int first, int last, int step = 1) =>
            Enumerable.Range(0, ((last - first) / step) + 1).Select(i => (uint)(first + (i * step)));
        return single.Concat(Range(0x240, 0x244)).Concat(Range(0x602, 0x607)).Concat(Range(0x60C, 0x60F)).Concat(Range(0x7A0, 0x7A4)).Concat(Range(0x10C, 0x10F)).Concat(Range(0x30C, 0x30F)).Concat(Range(0x323, 0x33F)).Concat(Range(0x3A0, 0x3AE, 2))
            .Concat(Range(0x3B0, 0x3EF)).Concat(Range(0xB03, 0xB1F)).Concat(Range(0xC00, 0xC1F));
    }

    // With every enable open: a number that exists is readable from the mode in bits 9:8 upwards; the rest is illegal everywhere.
    [Theory]
    [InlineData(PrivilegeMode.Machine)]
    [InlineData(PrivilegeMode.Supervisor)]
    [InlineData(PrivilegeMode.User)]
    public void Every_number_is_readable_by_the_modes_it_names_or_illegal(PrivilegeMode mode)
    {
        HashSet<uint> implemented = [.. Implemented()];
        using TestMachine one = new();
        for (uint number = 0; number < 4096; number++)
        {
            Open(one);
            one.Write(Program, Asm.Csrrs(5, number, 0));
            one.GoTo(mode, Program);
            uint level = ((number >> 8) & 3) switch { 2 => 1, uint other => other }; // HS is S-mode
            bool expected = implemented.Contains(number) && level <= (uint)mode
                && (mode == PrivilegeMode.Machine || number is < 0xC0B or > 0xC1F); // mcounteren has no bits for counters that count nothing
            Assert.True(expected == one.Step(), $"csr 0x{number:x3} from {mode}: expected {(expected ? "a value" : "illegal instruction")}");
            if (!expected)
            {
                Assert.Equal(2UL, one.Hart.Mcause);
                Assert.Equal((ulong)Asm.Csrrs(5, number, 0), one.Hart.Mtval);
                Assert.Equal(Program, one.Hart.Mepc);
            }
        }
    }

    [Fact]
    public void Read_only_numbers_are_illegal_to_write_but_CSRRS_with_x0_reads_them()
    {
        using TestMachine machine = new();
        foreach (uint number in Implemented())
        {
            bool readOnly = number >> 10 == 3;
            foreach (uint instruction in new[] { Asm.Csrrs(5, number, 6), Asm.Csrrc(5, number, 6), Asm.Csrrw(0, number, 6) })
            {
                Open(machine);
                machine.Write(Program, instruction);
                machine.Hart.Pc = Program;
                Assert.True(!readOnly == machine.Step(), $"csr 0x{number:x3}, instruction {instruction:x8}");
            }
        }
    }

    // Number, mode, mcounteren, scounteren.
    [Theory]
    [InlineData(0xC01, PrivilegeMode.Supervisor, 2, 0, true)]
    [InlineData(0xC01, PrivilegeMode.Supervisor, 0, 2, false)]
    [InlineData(0xC01, PrivilegeMode.User, 2, 0, false)]
    [InlineData(0xC01, PrivilegeMode.User, 0, 2, false)]
    [InlineData(0xC01, PrivilegeMode.User, 2, 2, true)]
    [InlineData(0xC00, PrivilegeMode.User, 6, 7, false)]
    [InlineData(0xC03, PrivilegeMode.User, 8, 8, true)]
    public void Counter_enables_gate_the_lower_modes(int number, PrivilegeMode mode, int mcounteren, int scounteren, bool permitted)
    {
        using TestMachine machine = new();
        machine.Set(0x306, (ulong)mcounteren);
        machine.Set(0x106, (ulong)scounteren);
        AssertAccess(machine, mode, (uint)number, permitted);
    }

    [Theory]
    [InlineData(false, false, PrivilegeMode.Supervisor, false)]
    [InlineData(true, false, PrivilegeMode.Supervisor, false)]
    [InlineData(false, true, PrivilegeMode.Supervisor, false)]
    [InlineData(true, true, PrivilegeMode.Supervisor, true)]
    [InlineData(false, false, PrivilegeMode.Machine, true)]
    public void stimecmp_needs_STCE_and_TM_below_machine_mode(bool stce, bool tm, PrivilegeMode mode, bool permitted)
    {
        using TestMachine machine = new();
        machine.Set(0x30A, stce ? 1UL << 63 : 0);
        machine.Set(0x306, tm ? 2UL : 0);
        AssertAccess(machine, mode, 0x14D, permitted);
    }

    [Theory]
    [InlineData(0x10A, 1UL << 62, PrivilegeMode.Supervisor, true)]
    [InlineData(0x10A, 1UL << 63, PrivilegeMode.Supervisor, false)]
    [InlineData(0x10A, 0UL, PrivilegeMode.Machine, true)]
    [InlineData(0x10C, 1UL << 63, PrivilegeMode.Supervisor, true)]
    [InlineData(0x10C, 1UL << 62, PrivilegeMode.Supervisor, false)]
    [InlineData(0x10C, 0UL, PrivilegeMode.Machine, true)]
    [InlineData(0x10D, ulong.MaxValue, PrivilegeMode.Supervisor, false)] // mstateen1 gates it, not mstateen0
    public void mstateen0_gates_senvcfg_and_sstateen0(int number, ulong mstateen0, PrivilegeMode mode, bool permitted)
    {
        using TestMachine machine = new();
        machine.Set(0x30C, mstateen0);
        AssertAccess(machine, mode, (uint)number, permitted);
    }

    [Fact]
    public void TVM_traps_satp_and_SFENCE_VMA_in_supervisor_mode_only()
    {
        foreach (uint instruction in new[] { Asm.Csrrs(5, 0x180, 0), Asm.Csrrw(0, 0x180, 0), Asm.SfenceVma(0, 0), 0x1600_0073u /* sinval.vma */ })
        {
            foreach (bool tvm in new[] { false, true })
            {
                Assert.Equal(!tvm, Executes(instruction, PrivilegeMode.Supervisor, tvm ? 1UL << 20 : 0));
                Assert.True(Executes(instruction, PrivilegeMode.Machine, tvm ? 1UL << 20 : 0));
                Assert.False(Executes(instruction, PrivilegeMode.User, 0));
            }
        }
    }

    [Theory]
    [InlineData(Asm.Sret, PrivilegeMode.Supervisor, 0UL, true)]
    [InlineData(Asm.Sret, PrivilegeMode.Supervisor, 1UL << 22, false)] // TSR
    [InlineData(Asm.Sret, PrivilegeMode.Machine, 1UL << 22, true)]
    [InlineData(Asm.Sret, PrivilegeMode.User, 0UL, false)]
    [InlineData(Asm.Mret, PrivilegeMode.Supervisor, 0UL, false)]
    [InlineData(Asm.Mret, PrivilegeMode.User, 0UL, false)]
    [InlineData(Asm.Wfi, PrivilegeMode.Supervisor, 0UL, true)]
    [InlineData(Asm.Wfi, PrivilegeMode.Supervisor, 1UL << 21, false)] // TW
    [InlineData(Asm.Wfi, PrivilegeMode.Machine, 1UL << 21, true)]
    [InlineData(Asm.Wfi, PrivilegeMode.User, 1UL << 21, false)]
    public void Returns_and_WFI_trap_as_TSR_and_TW_say(uint instruction, PrivilegeMode mode, ulong mstatus, bool permitted) =>
        Assert.Equal(permitted, Executes(instruction, mode, mstatus));

    [Fact]
    public void sie_and_sip_show_and_write_delegated_bits_only()
    {
        using TestMachine machine = new();
        machine.Set(0x303, 0x0202);
        machine.Set(0x304, 0x2AAA);
        Assert.Equal(0x0202UL, machine.Get(0x104));
        machine.Set(0x104, 0);
        Assert.Equal(0x28A8UL, machine.Get(0x304));
        machine.Set(0x344, 0x2222);
        Assert.Equal(0x0202UL, machine.Get(0x144));
        machine.Set(0x144, 0); // SEIP is read-only in sip
        Assert.Equal(0x2220UL, machine.Get(0x344));
    }

    [Fact]
    public void The_external_wire_is_not_copied_into_SEIP_by_a_read_modify_write()
    {
        using TestMachine machine = new();
        machine.Hart.SetLine(9, true);
        machine.Write(Program, Asm.Csrrs(5, 0x344, 6));
        machine.Hart.WriteRegister(6, 2);
        Assert.True(machine.Step());
        Assert.Equal(0x200UL, machine.Hart.ReadRegister(5)); // but it is in the value read
        machine.Hart.SetLine(9, false);
        Assert.Equal(2UL, machine.Hart.Mip);
    }

    [Fact]
    public void STIP_follows_stimecmp_under_STCE_whatever_software_wrote_before()
    {
        using TestMachine machine = new();
        machine.Set(0x344, 0x20);
        Assert.Equal(0x20UL, machine.Hart.Mip);
        machine.Set(0x30A, 1UL << 63);
        Assert.Equal(0UL, machine.Hart.Mip);
        machine.Set(0x344, 0x20); // read-only now
        Assert.Equal(0UL, machine.Hart.Mip);
        machine.Clock.Ticks = 100;
        machine.Set(0x14D, 100);
        Assert.Equal(0x20UL, machine.Hart.Mip);
        machine.Set(0x14D, 101);
        Assert.Equal(0UL, machine.Hart.Mip);
    }

    [Fact]
    public void Floating_point_registers_are_illegal_while_FS_is_off_and_make_it_dirty()
    {
        using TestMachine machine = new();
        AssertAccess(machine, PrivilegeMode.Machine, 0x003, false);
        machine.Prepare(machine.Hart);
        machine.Hart.WriteMstatus(0x2000, 0x6000);
        machine.Write(Program, Asm.Csrrw(0, 0x003, 6));
        Assert.True(machine.Step());
        Assert.Equal(0x8000_0000_0000_6000, machine.Get(0x300) & 0x8000_0000_0000_6000);
    }

    [Fact]
    public void CSRRW_swaps_even_when_source_and_destination_are_one_register()
    {
        using TestMachine machine = new();
        machine.Set(0x340, 111);
        machine.Write(Program, Asm.Csrrw(5, 0x340, 5), Asm.Csrrc(5, 0x340, 5));
        machine.Hart.WriteRegister(5, 0x6F | 0x1000);
        Assert.True(machine.Step());
        Assert.Equal(111UL, machine.Hart.ReadRegister(5));
        Assert.True(machine.Step());
        Assert.Equal(0x106FUL, machine.Hart.ReadRegister(5));
        Assert.Equal(0x1000UL, machine.Get(0x340));
    }

    [Fact]
    public void Reset_leaves_machine_mode_with_translation_interrupts_and_PMP_off()
    {
        using TestMachine machine = new();
        machine.Set(0x180, 0x8000_0000_0000_1111);
        machine.Set(0x304, 0x2AAA);
        machine.Hart.Reset(0x1234);
        Assert.Equal(0x1234UL, machine.Hart.Pc);
        Assert.Equal(PrivilegeMode.Machine, machine.Hart.Privilege);
        Assert.Equal(Xl, machine.Get(0x300));
        Assert.Equal(0UL, machine.Get(0x180));
        Assert.Equal(0UL, machine.Get(0x304));
        Assert.Equal(0UL, machine.Get(0x3A0));
        Assert.Equal(0UL, machine.Get(0x30A));
    }

    // Everything that gates a CSR is open, and the hart is in M-mode.
    private static void Open(TestMachine machine)
    {
        machine.Prepare(machine.Hart);
        machine.Hart.EnableAllState();
        machine.Set(0x306, Ones);
        machine.Set(0x106, Ones);
        machine.Set(0x30A, 1UL << 63);
        machine.Hart.WriteMstatus(0x2000, 0x6000);
    }

    private static void AssertAccess(TestMachine machine, PrivilegeMode mode, uint number, bool permitted)
    {
        machine.Write(Program, Asm.Csrrs(5, number, 0));
        machine.GoTo(mode, Program);
        Assert.Equal(permitted, machine.Step());
        Assert.Equal(permitted ? 0UL : 2UL, machine.Hart.Mcause);
    }

    private static bool Executes(uint instruction, PrivilegeMode mode, ulong mstatus)
    {
        using TestMachine machine = new();
        machine.Write(Program, instruction);
        machine.GoTo(mode, Program);
        machine.Hart.WriteMstatus(mstatus, mstatus);
        bool executed = machine.Step();
        Assert.Equal(executed ? 0UL : 2UL, machine.Hart.Mcause);
        return executed;
    }
}
