using CoveJit.Harts.Csrs;
using CoveJit.Memory.Translation;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Harts.Tests;

public sealed class MemoryAccessTests
{
    private const ulong Virtual = 0x4000_0000;
    private const ulong Rwx = 0xCF; // V R W X A D
    private const ulong ReadOnly = 0xC3;

    // Offset of a load or store across two pages, which of them is there (1 first, 2 second), and what is reported.
    [Theory]
    [InlineData(8, 0xFFC, 3, 0UL, 0UL)]
    [InlineData(8, 0xFFC, 2, 15UL, 0xFFCUL)]
    [InlineData(8, 0xFFC, 1, 15UL, 0x1000UL)]
    [InlineData(8, 0xFFC, 0, 15UL, 0xFFCUL)]
    [InlineData(2, 0xFFF, 3, 0UL, 0UL)]
    [InlineData(2, 0xFFF, 1, 15UL, 0x1000UL)]
    [InlineData(4, 0xFFD, 1, 15UL, 0x1000UL)]
    [InlineData(4, 0xFFD, 2, 15UL, 0xFFDUL)]
    public void Page_crossing_accesses_name_the_half_that_faults(int size, int offset, int mapped, ulong cause, ulong tval)
    {
        foreach (bool store in new[] { false, true })
        {
            using TestMachine machine = new();
            Supervisor(machine);
            const ulong First = Data + 0x5000;
            const ulong Second = Data + 0x3000;
            machine.MapPage(Virtual, First, (mapped & 1) != 0 ? Rwx : 0);
            machine.MapPage(Virtual + 0x1000, Second, (mapped & 2) != 0 ? Rwx : 0);
            machine.Write64(First + 0xFF8, 0x8877_6655_4433_2211);
            machine.Write64(Second, 0xFFEE_DDCC_BBAA_9988);
            machine.Write(Program, store ? Asm.Store(size, 7, 6, 0) : Asm.Load(size, 7, 6, 0), Asm.Ecall);
            machine.Hart.WriteRegister(6, Virtual + (ulong)offset);
            machine.Hart.WriteRegister(7, 0x0102_0304_0506_0708);
            machine.RunToIdle();
            if (cause == 0)
            {
                Assert.Equal(9UL, machine.Hart.Mcause);
                UInt128 both = ((UInt128)0xFFEE_DDCC_BBAA_9988 << 64) | 0x8877_6655_4433_2211;
                int shift = (offset - 0xFF8) * 8;
                if (!store)
                {
                    ulong raw = (ulong)(both >> shift) << (64 - (8 * size));
                    Assert.Equal((ulong)((long)raw >> (64 - (8 * size))), machine.Hart.ReadRegister(7));
                }
                else
                {
                    UInt128 mask = (((UInt128)1 << (8 * size)) - 1) << shift;
                    UInt128 expected = (both & ~mask) | (((UInt128)0x0102_0304_0506_0708 << shift) & mask);
                    Assert.Equal(expected, ((UInt128)machine.Read64(Second) << 64) | machine.Read64(First + 0xFF8));
                }
            }
            else
            {
                Assert.Equal((store ? 15UL : 13, Virtual + tval, Program), (machine.Hart.Mcause, machine.Hart.Mtval, machine.Hart.Mepc));
                Assert.Equal(0x0102_0304_0506_0708UL, machine.Hart.ReadRegister(7));
                Assert.Equal((0x8877_6655_4433_2211, 0xFFEE_DDCC_BBAA_9988), (machine.Read64(First + 0xFF8), machine.Read64(Second)));
            }
        }
    }

    [Fact]
    public void A_store_whose_second_page_is_read_only_writes_nothing()
    {
        using TestMachine machine = new();
        Supervisor(machine);
        machine.MapPage(Virtual, Data, Rwx);
        machine.MapPage(Virtual + 0x1000, Data + 0x1000, ReadOnly);
        machine.Write(Program, Asm.Store(8, 7, 6, 0), Asm.Ecall);
        machine.Hart.WriteRegister(6, Virtual + 0xFFE);
        machine.Hart.WriteRegister(7, ulong.MaxValue);
        machine.RunToIdle();
        Assert.Equal((15UL, Virtual + 0x1000), (machine.Hart.Mcause, machine.Hart.Mtval));
        Assert.Equal(0UL, machine.Read64(Data + 0xFF8));
    }

    [Theory]
    [InlineData(false, true, 0xFFEUL, 0xFFEUL)]
    [InlineData(true, false, 0xFFEUL, 0x1000UL)]
    public void A_page_crossing_fetch_faults_with_its_own_pc_and_the_half_that_failed(bool first, bool second, ulong pc, ulong tval)
    {
        using TestMachine machine = new();
        Supervisor(machine);
        machine.MapPage(Virtual, Data + 0x2000, first ? Rwx : 0);
        machine.MapPage(Virtual + 0x1000, Data, second ? Rwx : 0);
        SplitInstruction(machine);
        machine.Hart.Pc = Virtual + pc;
        machine.RunToIdle();
        Assert.Equal((12UL, Virtual + pc, Virtual + tval), (machine.Hart.Mcause, machine.Hart.Mepc, machine.Hart.Mtval));
    }

    [Fact]
    public void A_page_crossing_instruction_executes_from_two_frames()
    {
        using TestMachine machine = new();
        Supervisor(machine);
        machine.MapPage(Virtual, Data + 0x2000, Rwx);
        machine.MapPage(Virtual + 0x1000, Data, Rwx);
        SplitInstruction(machine);
        machine.Hart.Pc = Virtual + 0xFFA;
        machine.RunToIdle();
        Assert.Equal((9UL, 0x7FUL, Virtual + 0x1002), (machine.Hart.Mcause, machine.Hart.ReadRegister(5), machine.Hart.Mepc));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Misaligned_accesses_inside_a_page_of_RAM_work(int size)
    {
        using TestMachine machine = new();
        for (int offset = 1; offset < size; offset++)
        {
            machine.Prepare(machine.Hart);
            machine.Write64(Data, 0);
            machine.Write64(Data + 8, 0);
            machine.Write(Program, Asm.Store(size, 7, 6, offset), Asm.Load(size, 8, 6, offset), Asm.Ecall);
            machine.Hart.WriteRegister(6, Data);
            machine.Hart.WriteRegister(7, 0x1122_3344_5566_7788UL >> (64 - (8 * size)));
            machine.RunToIdle();
            Assert.Equal(11UL, machine.Hart.Mcause);
            Assert.Equal(machine.Hart.ReadRegister(7), machine.Hart.ReadRegister(8));
        }
    }

    [Theory]
    [InlineData(4, 0, false, 0UL)]
    [InlineData(8, 8, true, 0UL)]
    [InlineData(4, 1, false, 5UL)]
    [InlineData(4, 2, true, 7UL)]
    [InlineData(2, 0xFFF, false, 5UL)] // across the end of the device
    [InlineData(8, 0xFFC, true, 7UL)]
    public void Device_accesses_must_be_aligned(int size, int offset, bool store, ulong cause)
    {
        using TestMachine machine = new();
        machine.Write(Program, store ? Asm.Store(size, 7, 6, 0) : Asm.Load(size, 7, 6, 0), Asm.Ecall);
        machine.Hart.WriteRegister(6, Device + (ulong)offset);
        machine.RunToIdle();
        Assert.Equal(cause == 0 ? 11 : cause, machine.Hart.Mcause);
        if (cause != 0)
        {
            Assert.InRange(machine.Hart.Mtval, Device + (ulong)offset, Device + (ulong)offset + (ulong)size);
        }
    }

    [Fact]
    public void A_wild_jump_is_an_instruction_access_fault()
    {
        using TestMachine machine = new();
        foreach (ulong target in new ulong[] { 0, 0x7000_0000, Base + 0x80_0000, 1UL << 56, 0xFFFF_FFFF_FFFF_FFFE })
        {
            machine.Prepare(machine.Hart);
            machine.Hart.Pc = target;
            machine.RunToIdle();
            Assert.Equal((1UL, target, target), (machine.Hart.Mcause, machine.Hart.Mepc, machine.Hart.Mtval));
        }
    }

    // How SFENCE.VMA is given address and ASID (hart in ASID 5), and whether it must show the new mapping.
    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(1, 0, true)]
    [InlineData(0, 5, true)]
    [InlineData(1, 5, true)]
    [InlineData(0, 6, false)]
    [InlineData(1, 6, false)]
    [InlineData(2, 0, false)]
    [InlineData(2, 5, false)]
    public void SFENCE_VMA_shows_a_changed_entry_to_the_accesses_it_names(int address, int asid, bool flushed)
    {
        foreach (int level in new[] { 0, 1 })
        {
            using TestMachine machine = new();
            Supervisor(machine, asid: 5);
            ulong leaf = machine.MapPage(Virtual, Base + 0x20_0000, Rwx, level);
            machine.Write64(Base + 0x20_0000, 1);
            machine.Write64(Base + 0x40_0000, 2);
            machine.Write(Program, Asm.Load(8, 10, 6, 0), Asm.SfenceVma(address == 0 ? 0 : 7, asid == 0 ? 0 : 8), Asm.Load(8, 11, 6, 0));
            machine.Hart.WriteRegister(6, Virtual);
            machine.Hart.WriteRegister(7, address == 2 ? Virtual + (1UL << 33) : Virtual + (level == 0 ? 0xABCUL : 0x12_3456));
            machine.Hart.WriteRegister(8, (uint)asid | (1UL << 40)); // bits above the ASID are ignored
            Assert.True(machine.Step());
            machine.Write64(leaf, (Base + 0x40_0000) >> 2 | Rwx);
            Assert.True(machine.Step());
            Assert.True(machine.Step());
            Assert.Equal(1UL, machine.Hart.ReadRegister(10));

            // Where the fence need not show it, a stale translation is what proves that the other rows test something;
            // a superpage may be flushed by more fences than name it.
            if (flushed || (level == 0 && address != 2))
            {
                Assert.Equal(flushed ? 2UL : 1, machine.Hart.ReadRegister(11));
            }
        }
    }

    [Theory]
    [InlineData(1u, 2u)]
    [InlineData(1u, 1u)]
    public void A_satp_switch_without_a_fence_uses_the_new_tables(uint one, uint two)
    {
        using TestMachine machine = new();
        Supervisor(machine, asid: one);
        machine.MapPage(Virtual, Data, Rwx);
        ulong other = machine.NewTable();
        machine.MapPage(Base, Base, Rwx, 2, other);
        machine.MapPage(Virtual, Data + 0x1000, Rwx, 0, other);
        machine.Write64(Data, 1);
        machine.Write64(Data + 0x1000, 2);
        machine.Write(Program, Asm.Load(8, 10, 6, 0), Asm.Csrrw(9, 0x180, 7), Asm.Load(8, 11, 6, 0), Asm.Csrrw(0, 0x180, 9), Asm.Load(8, 12, 6, 0), Asm.Ecall);
        machine.Hart.WriteRegister(6, Virtual);
        machine.Hart.WriteRegister(7, machine.Satp(two, other));
        machine.RunToIdle();
        Assert.Equal((9UL, 1UL, 2UL, 1UL), (machine.Hart.Mcause, machine.Hart.ReadRegister(10), machine.Hart.ReadRegister(11), machine.Hart.ReadRegister(12)));
    }

    // MPP, the page's flags, SUM and MXR, and the cause of a load through MPRV (0: it works).
    [Theory]
    [InlineData(PrivilegeMode.Machine, 0UL, 0UL, 5UL)] // untranslated: nothing at that physical address
    [InlineData(PrivilegeMode.Supervisor, Rwx, 0UL, 0UL)]
    [InlineData(PrivilegeMode.Supervisor, Rwx | 0x10, 0UL, 13UL)]
    [InlineData(PrivilegeMode.Supervisor, Rwx | 0x10, Mstatus.Sum, 0UL)]
    [InlineData(PrivilegeMode.User, Rwx | 0x10, 0UL, 0UL)]
    [InlineData(PrivilegeMode.User, Rwx, Mstatus.Sum, 13UL)]
    [InlineData(PrivilegeMode.Supervisor, 0xC9UL, 0UL, 13UL)]
    [InlineData(PrivilegeMode.Supervisor, 0xC9UL, Mstatus.Mxr, 0UL)]
    public void MPRV_loads_as_MPP_while_fetches_stay_machine_mode(PrivilegeMode mpp, ulong flags, ulong status, ulong cause)
    {
        using TestMachine machine = new();
        machine.MapPage(Virtual, Data, flags);
        machine.Write64(Data, 0x77);
        machine.Set(0x180, machine.Satp());
        machine.Write(Program, Asm.Csrrs(0, 0x300, 7), Asm.Load(8, 5, 6, 0), Asm.Csrrc(0, 0x300, 8), Asm.Load(8, 9, 10, 0), Asm.Ecall);
        machine.Hart.WriteRegister(6, Virtual);
        machine.Hart.WriteRegister(7, Mstatus.Mprv | ((ulong)mpp << 11) | status);
        machine.Hart.WriteRegister(8, Mstatus.Mprv);
        machine.Hart.WriteRegister(10, Data);
        machine.RunToIdle();
        if (cause != 0)
        {
            Assert.Equal((cause, Virtual), (machine.Hart.Mcause, machine.Hart.Mtval));
            return;
        }

        Assert.Equal((11UL, 0x77UL, 0x77UL), (machine.Hart.Mcause, machine.Hart.ReadRegister(5), machine.Hart.ReadRegister(9)));
    }

    [Fact]
    public void A_change_of_SUM_takes_effect_with_the_next_instruction()
    {
        using TestMachine machine = new();
        Supervisor(machine);
        machine.MapPage(Virtual, Data, Rwx | 0x10);
        machine.Write(Program, Asm.Csrrs(0, 0x100, 7), Asm.Load(8, 5, 6, 0), Asm.Csrrc(0, 0x100, 7), Asm.Load(8, 5, 6, 0), Asm.Ecall);
        machine.Hart.WriteRegister(6, Virtual);
        machine.Hart.WriteRegister(7, Mstatus.Sum);
        machine.RunToIdle();
        Assert.Equal((13UL, Program + 12), (machine.Hart.Mcause, machine.Hart.Mepc));
    }

    [Fact]
    public void ADUE_sets_A_and_D_and_without_it_they_fault()
    {
        foreach (bool adue in new[] { false, true })
        {
            using TestMachine machine = new();
            machine.Set(0x30A, adue ? 1UL << 61 : 0);
            Supervisor(machine);
            ulong leaf = machine.MapPage(Virtual, Data, 7); // V R W
            machine.Write(Program, Asm.Load(8, 5, 6, 0), Asm.Store(8, 5, 6, 0), Asm.Ecall);
            machine.Hart.WriteRegister(6, Virtual);
            Assert.Equal(adue, machine.Step());
            Assert.Equal(adue ? 0x47UL : 7, machine.Read64(leaf) & 0xFF);
            if (adue)
            {
                Assert.True(machine.Step()); // a store after a load that filled the TLB still sets D
                Assert.Equal(0xC7UL, machine.Read64(leaf) & 0xFF);
            }
        }
    }

    [Fact]
    public void PMP_applies_to_page_tables_and_its_changes_take_effect_at_once()
    {
        using TestMachine machine = new();
        machine.MapPage(Virtual, Data, Rwx);
        machine.Set(0x180, machine.Satp());
        machine.Write(Program, Asm.Load(8, 5, 6, 0), Asm.Csrrw(0, 0x3A0, 7), Asm.Load(8, 5, 6, 0), Asm.Ecall);
        machine.Hart.WriteMstatus(Mstatus.Mprv | 0x800, Mstatus.Mprv | Mstatus.Mpp);
        machine.Set(0x3B1, (machine.Root >> 2) | 0x1FF); // entry 1: the root table
        machine.Hart.WriteRegister(6, Virtual);
        machine.Hart.WriteRegister(7, 0x1F_0000 | (0x18UL << 8)); // entry 0 off, 1 without rights, 2 everything
        machine.Set(0x3B2, ulong.MaxValue);
        machine.Write(Program - 4, Asm.Csrrs(0, 0x300, 9)); // enters the context that the writes above prepared
        machine.Hart.Pc = Program - 4;
        machine.RunToIdle();
        Assert.Equal((5UL, Program + 8, Virtual), (machine.Hart.Mcause, machine.Hart.Mepc, machine.Hart.Mtval));
    }

    // addi x5, x5, 0x7F split over the page boundary, with compressed nops before and an ecall after.
    private static void SplitInstruction(TestMachine machine)
    {
        uint addi = Asm.Addi(5, 5, 0x7F);
        Assert.True(machine.Map.TryWrite(Data + 0x2FFA, 4, 0x0001_0001));
        Assert.True(machine.Map.TryWrite(Data + 0x2FFE, 2, addi & 0xFFFF));
        Assert.True(machine.Map.TryWrite(Data, 2, addi >> 16));
        Assert.True(machine.Map.TryWrite(Data + 2, 4, Asm.Ecall));
    }

    // S-mode at the program, code mapped one to one by a gigapage, other pages to be mapped by the test.
    private static void Supervisor(TestMachine machine, uint asid = 0)
    {
        machine.MapPage(Base, Base, Rwx, 2);
        machine.Set(0x180, machine.Satp(asid));
        machine.GoTo(PrivilegeMode.Supervisor, Program);
    }
}
