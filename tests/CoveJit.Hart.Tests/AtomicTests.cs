using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Harts.Tests;

public sealed class AtomicTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void SC_after_LR_succeeds_once(int size)
    {
        using TestMachine machine = new();
        machine.Write64(Data, 0xFFFF_FFFF_8000_0000);
        Run(machine, Asm.Lr(size, 5, 6), Asm.Sc(size, 10, 6, 7), Asm.Sc(size, 11, 6, 8));
        Assert.Equal(0xFFFF_FFFF_8000_0000, machine.Hart.ReadRegister(5));
        Assert.Equal((0UL, 1UL), (machine.Hart.ReadRegister(10), machine.Hart.ReadRegister(11)));
        Assert.Equal(size == 4 ? 0xFFFF_FFFF_0000_0007 : 7, machine.Read64(Data));
    }

    [Fact]
    public void SC_without_LR_or_after_a_trap_or_at_another_address_or_size_fails_and_writes_nothing()
    {
        (string Name, uint[] Code)[] rows =
        [
            ("no LR", [Asm.Nop, Asm.Sc(8, 10, 6, 7)]),
            ("other address", [Asm.Lr(8, 5, 9), Asm.Sc(8, 10, 6, 7)]),
            ("wider", [Asm.Lr(4, 5, 6), Asm.Sc(8, 10, 6, 7)]),
            ("narrower", [Asm.Lr(8, 5, 6), Asm.Sc(4, 10, 6, 7)]),
            ("changed by a store", [Asm.Lr(8, 5, 6), Asm.Store(8, 8, 6, 0), Asm.Store(8, 0, 9, 0), Asm.Sc(8, 10, 6, 7)]),
            ("changed by an AMO", [Asm.Lr(8, 5, 6), Asm.AmoAdd(8, 0, 6, 8), Asm.Sc(8, 10, 6, 7)]),
        ];
        foreach ((string name, uint[] code) in rows)
        {
            using TestMachine machine = new();
            machine.Hart.WriteRegister(9, Data + 64);
            Run(machine, code);
            Assert.True(machine.Hart.ReadRegister(10) == 1, name);
            Assert.True(machine.Read64(Data) != 7, name);
        }

        using TestMachine trapped = new();
        Run(trapped, Asm.Lr(8, 5, 6)); // ends in a trap
        trapped.Hart.Pc = Program + 0x100;
        trapped.Write(Program + 0x100, Asm.Sc(8, 10, 6, 7));
        Assert.True(trapped.Step());
        Assert.Equal((1UL, 0UL), (trapped.Hart.ReadRegister(10), trapped.Read64(Data)));
    }

    [Theory]
    [InlineData("lr.w", 4, 2, 4UL)]
    [InlineData("lr.d", 8, 4, 4UL)]
    [InlineData("sc.w", 4, 1, 6UL)]
    [InlineData("sc.d", 8, 4, 6UL)]
    [InlineData("amoadd.w", 4, 3, 6UL)]
    [InlineData("amoadd.d", 8, 4, 6UL)]
    public void Misaligned_atomics_trap(string name, int size, int offset, ulong cause)
    {
        using TestMachine machine = new();
        uint code = name[..2] switch { "lr" => Asm.Lr(size, 5, 6), "sc" => Asm.Sc(size, 5, 6, 7), _ => Asm.AmoAdd(size, 5, 6, 7) };
        machine.Write(Program, code);
        machine.Hart.WriteRegister(6, Data + (ulong)offset);
        machine.RunToIdle();
        Assert.Equal((cause, Data + (ulong)offset, Program), (machine.Hart.Mcause, machine.Hart.Mtval, machine.Hart.Mepc));
    }

    [Fact]
    public void Atomics_to_a_device_are_access_faults()
    {
        foreach ((uint code, ulong cause) in new[] { (Asm.Lr(4, 5, 6), 5UL), (Asm.Sc(4, 5, 6, 7), 7UL), (Asm.AmoAdd(4, 5, 6, 7), 7UL) })
        {
            using TestMachine machine = new();
            machine.Write(Program, code);
            machine.Hart.WriteRegister(6, Device);
            machine.RunToIdle();
            Assert.Equal((cause, Device), (machine.Hart.Mcause, machine.Hart.Mtval));
        }
    }

    [Fact]
    public void AMO_W_works_on_words_and_sign_extends_the_old_value()
    {
        using TestMachine machine = new();
        machine.Write64(Data, 0x1111_1111_FFFF_FFFF);
        Run(machine, Asm.AmoAdd(4, 5, 6, 7), Asm.AmoSwap(4, 10, 6, 8));
        Assert.Equal((ulong.MaxValue, 6UL), (machine.Hart.ReadRegister(5), machine.Hart.ReadRegister(10)));
        Assert.Equal(0x1111_1111_0000_0008UL, machine.Read64(Data));
    }

    [Fact]
    public void Counters_of_two_harts_are_exact_by_LR_SC_and_by_AMO()
    {
        const int Rounds = 200_000;
        using TestMachine machine = new(harts: 2);
        machine.Write(
            Program,
            Asm.Lr(8, 5, 6),
            Asm.Addi(5, 5, 1),
            Asm.Sc(8, 10, 6, 5),
            Asm.Bne(10, 0, -12),
            Asm.AmoAdd(8, 0, 9, 11),
            Asm.Addi(8, 8, -1),
            Asm.Bne(8, 0, -24),
            Asm.Ecall);
        foreach (Hart hart in machine.Harts)
        {
            hart.WriteRegister(6, Data);
            hart.WriteRegister(8, Rounds);
            hart.WriteRegister(9, Data + 8);
            hart.WriteRegister(11, 1);
        }

        Thread[] threads = [.. machine.Harts.Select(hart => new Thread(() => machine.RunToIdle(hart)))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal((2UL * Rounds, 2UL * Rounds), (machine.Read64(Data), machine.Read64(Data + 8)));
    }

    // x6 is the operand's address, x7 = 7, x8 = 8; ends with ECALL.
    private static void Run(TestMachine machine, params uint[] code)
    {
        machine.Write(Program, [.. code, Asm.Ecall]);
        machine.Hart.WriteRegister(6, Data);
        machine.Hart.WriteRegister(7, 7);
        machine.Hart.WriteRegister(8, 8);
        machine.RunToIdle();
        Assert.Equal(11UL, machine.Hart.Mcause);
    }
}
