using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Harts.State;
using CoveJit.Harts.Tests;
using CoveJit.Isa;
using CoveJit.Memory.Translation;
using CoveJit.Translator.Tests.Support;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Translator.Tests;

/// <summary>Code and mappings that change under installed regions, on one hart.</summary>
public abstract class InvalidationTests
{
    private const uint Satp = 0x180;
    private const ulong Leaf = 0xCF; // V R W X A D
    private const ulong ReadOnly = 0xC3; // V R A D

    public static TheoryData<int, bool> Distances => new() { { 0, true }, { 0, false }, { 0x1000, true }, { 0x1000, false } };

    // Each turn of the loop writes the instruction of a function in its own page, or in the next, and calls it.
    [Theory]
    [MemberData(nameof(Distances))]
    public void Code_that_a_hot_loop_writes_is_executed(int distance, bool fence)
    {
        Code code = new(Program);
        Code.Label function = new();
        Code.Label loop = code.Mark();
        for (int i = 0; i < 2; i++)
        {
            code.Add(Asm.Store(4, 6 + i, 5, 0));
            code.Add(fence ? Asm.FenceI : Asm.Nop);
            code.Add(Asm.Jalr(1, 5, 0));
            for (int n = 0; n < 3; n++)
            {
                code.Add(Asm.Addi(11, 11, 1)); // turns that do not write, so that there is something to be hot
                code.Add(Asm.Jalr(1, 5, 0));
            }
        }

        code.Add(Asm.Addi(8, 8, -1));
        code.Go(Op.Bne, loop, 8);
        ulong stop = code.AddEnd();
        using Twin twin = new(Attach);
        twin.Both(machine =>
        {
            code.Write(machine);
            machine.Write(Program + 0x400 + (ulong)distance, Asm.Nop, Asm.Ret);
            machine.Hart.WriteRegister(5, Program + 0x400 + (ulong)distance);
            machine.Hart.WriteRegister(6, Asm.Addi(10, 10, 1));
            machine.Hart.WriteRegister(7, Asm.Addi(10, 10, 100));
            machine.Hart.WriteRegister(8, 40);
        });
        if (fence)
        {
            twin.Run(stop, 1000, "self-modifying code");
            Assert.Equal(40UL * 404, twin.Translating.Hart.ReadRegister(10));
        }
        else
        {
            // Each call may execute the old instruction or the new one, and nothing else.
            twin.Translating.Hart.RunSlice(100_000);
            Assert.Equal(stop, twin.Translating.Hart.Pc);
            ulong sum = twin.Translating.Hart.ReadRegister(10);
            Assert.InRange(sum, 320UL, 32_000UL);
            Assert.Equal(0UL, (sum - 320) % 99);
        }

        Assert.InRange(twin.Tier.Translations, 4, int.MaxValue);
    }

    [Fact]
    public void Code_written_by_DMA_under_a_hot_loop_is_executed()
    {
        Code code = new(Program);
        Code.Label loop = code.Mark();
        code.Add(Asm.Addi(10, 10, 1));
        code.Go(Op.Jal, loop);
        using Twin twin = new(Attach);
        twin.Both(machine => code.Write(machine));
        ulong expected = 0;
        for (int n = 1; n <= 30; n++)
        {
            twin.Both(machine =>
            {
                machine.Write(Program, Asm.Addi(10, 10, n));
                machine.Hart.RunSlice(2000);
            });
            expected += 1000 * (ulong)n;
            MachineState.AssertEqual(twin.Interpreting.Hart, twin.Translating.Hart, $"write {n}");
        }

        Assert.Equal(expected, twin.Translating.Hart.ReadRegister(10));
        Assert.InRange(twin.Tier.Translations, 30, int.MaxValue);
    }

    // A loop in one page calls a function in the next; every eighth turn the function's page is mapped to the other of two frames.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_region_across_pages_notices_that_its_other_page_was_remapped(bool fenceOneAddress)
    {
        const ulong Home = 0x4000_0000;
        const ulong Tables = 0x4010_0000;
        Code code = new(Home + 0xF80);
        Code.Label function = new() { Address = Home + 0x1080 };
        Code.Label loop = code.Mark();
        Code.Label again = new();
        code.Go(Op.Jal, function, rd: 1);
        code.Add(Asm.Addi(8, 8, -1));
        code.Add(Op.Andi, 7, 8, imm: 7);
        code.Go(Op.Bne, again, 7);
        code.Add(Asm.Store(8, 5, 9, 0)); // the entry for the function's page
        code.Add(fenceOneAddress ? Asm.SfenceVma(4, 0) : Asm.SfenceVma(0, 0));
        code.Add(Op.Xor, 5, 5, 6);
        code.Mark(again);
        code.Go(Op.Bne, loop, 8);
        ulong stop = code.AddEnd();
        using Twin twin = new(Attach);
        twin.Both(machine =>
        {
            code.Write(machine, address => Program + (address & 0xFFF));
            machine.Write(Program + 0x3080, Asm.Addi(10, 10, 1), Asm.Ret);
            machine.Write(Program + 0x8080, Asm.Addi(10, 10, 100), Asm.Ret);
            machine.MapPage(Home, Program, Leaf);
            ulong entry = machine.MapPage(Home + 0x1000, Program + 0x3000, Leaf);
            machine.MapPage(Tables, entry & ~0xFFFUL, Leaf);
            machine.Hart.WriteRegister(4, Home + 0x1000);
            machine.Hart.WriteRegister(5, ((Program + 0x8000) >> 2) | Leaf);
            machine.Hart.WriteRegister(6, ((Program + 0x8000) >> 2) ^ ((Program + 0x3000) >> 2));
            machine.Hart.WriteRegister(8, 400);
            machine.Hart.WriteRegister(9, Tables + (entry & 0xFFF));
            machine.Set(Satp, machine.Satp());
            machine.GoTo(PrivilegeMode.Supervisor, Home + 0xF80);
        });
        twin.Run(stop, 333, "remapped code");
        Assert.Equal(200UL * 101, twin.Translating.Hart.ReadRegister(10));
    }

    // The same for the page that the region starts in: both frames hold a loop, and execution goes on in the other one.
    [Fact]
    public void A_region_is_left_when_its_own_page_was_remapped()
    {
        const ulong Home = 0x4000_0000;
        using Twin twin = new(Attach);
        ulong entry = 0;
        twin.Both(machine =>
        {
            for (int i = 0; i < 2; i++)
            {
                machine.Write(Program + (0x1000 * (ulong)i), Asm.Addi(10, 10, i == 0 ? 1 : 100), Asm.Addi(8, 8, -1), Asm.Jal(0, -8));
            }

            entry = machine.MapPage(Home, Program, Leaf);
            machine.Set(Satp, machine.Satp());
            machine.GoTo(PrivilegeMode.Supervisor, Home);
        });
        for (int i = 0; i < 20; i++)
        {
            twin.Both(machine =>
            {
                machine.Hart.RunSlice(3000);
                machine.Write64(entry, ((Program + (0x1000 * (ulong)((i + 1) % 2))) >> 2) | Leaf);
                machine.Hart.FenceAddressSpace(Home, null);
            });
            MachineState.AssertEqual(twin.Interpreting.Hart, twin.Translating.Hart, $"slice {i}");
        }

        Assert.Equal(10UL * 1000 * 101, twin.Translating.Hart.ReadRegister(10));
    }

    [Fact]
    public void A_store_in_a_hot_loop_faults_precisely_once_its_page_is_read_only()
    {
        const ulong Home = 0x4000_0000;
        const ulong Window = 0x4020_0000;
        Code code = new(Home);
        code.Add(Asm.Addi(10, 10, 1));
        code.Add(Asm.Store(8, 10, 9, 16));
        code.Add(Asm.Addi(11, 10, 5));
        code.Go(Op.Jal, new Code.Label { Address = Home });
        using Twin twin = new(Attach);
        ulong entry = 0;
        twin.Both(machine =>
        {
            code.Write(machine, address => Program + (address & 0xFFF));
            machine.MapPage(Home, Program, Leaf);
            entry = machine.MapPage(Window, Data, Leaf);
            machine.Hart.WriteRegister(9, Window);
            machine.Set(Satp, machine.Satp());
            machine.GoTo(PrivilegeMode.Supervisor, Home);
            machine.Hart.RunSlice(4000);

            // Elsewhere first, then nowhere.
            machine.Write64(entry, ((Data + 0x1000) >> 2) | Leaf);
            machine.Hart.FenceAddressSpace(Window, null);
            machine.Hart.RunSlice(4000);
            machine.Write64(entry, ((Data + 0x1000) >> 2) | ReadOnly);
            machine.Hart.FenceAddressSpace(null, null);
        });
        twin.Run(MachineHandler + 4, 4000, "read-only");
        Hart hart = twin.Translating.Hart;
        Assert.Equal(1000UL, twin.Translating.Read64(Data + 16));
        Assert.Equal(2000UL, twin.Translating.Read64(Data + 0x1010));
        Assert.Equal(15UL, hart.Mcause);
        Assert.Equal(Home + 4, hart.Mepc);
        Assert.Equal(Window + 16, hart.Mtval);
        Assert.Equal(2001UL, hart.ReadRegister(10));
        Assert.Equal(2005UL, hart.ReadRegister(11));
    }

    // Two address spaces, the function in different frames; the caller's page is the same in both.
    [Theory]
    [InlineData(1u, 2u)]
    [InlineData(0u, 0u)]
    public void Address_spaces_with_different_code_at_the_same_address_are_kept_apart(uint firstAsid, uint secondAsid)
    {
        const ulong Home = 0x4000_0000;
        Code code = new(Home + 0xFC0);
        Code.Label function = new() { Address = Home + 0x1010 };
        Code.Label loop = code.Mark();
        for (int i = 0; i < 2; i++)
        {
            code.Add(Asm.Csrrw(0, Satp, 20 + i));
            code.Add(Asm.Addi(7, 0, 5));
            Code.Label inner = code.Mark();
            code.Go(Op.Jal, function, rd: 1);
            code.Add(Asm.Addi(7, 7, -1));
            code.Go(Op.Bne, inner, 7);
        }

        code.Add(Asm.Addi(8, 8, -1));
        code.Go(Op.Bne, loop, 8);
        ulong stop = code.AddEnd();
        using Twin twin = new(Attach);
        twin.Both(machine =>
        {
            code.Write(machine, address => Program + (address & 0xFFF));
            machine.Write(Program + 0x3010, Asm.Addi(10, 10, 1), Asm.Ret);
            machine.Write(Program + 0x8010, Asm.Addi(10, 10, 100), Asm.Ret);
            for (int i = 0; i < 2; i++)
            {
                ulong root = machine.NewTable();
                machine.MapPage(Home, Program, Leaf, root: root);
                machine.MapPage(Home + 0x1000, Program + (i == 0 ? 0x3000u : 0x8000u), Leaf, root: root);
                machine.Hart.WriteRegister(20 + i, machine.Satp(i == 0 ? firstAsid : secondAsid, root));
                machine.Set(Satp, machine.Satp(0, root));
            }

            machine.Hart.WriteRegister(8, 50);
            machine.GoTo(PrivilegeMode.Supervisor, Home + 0xFC0);
        });
        twin.Run(stop, 777, "address spaces");
        Assert.Equal(50UL * 5 * 101, twin.Translating.Hart.ReadRegister(10));
        Assert.InRange(twin.Tier.Translations, 1, int.MaxValue);
    }

    [Fact]
    public void A_full_code_cache_is_emptied_under_installed_regions()
    {
        using TestMachine machine = new(cacheLimit: 60_000);
        using TestTier tier = Attach(machine);
        const int Pages = 20;
        for (int i = 0; i < Pages; i++)
        {
            ulong at = Program + (0x1000 * (ulong)i);
            machine.Write(at, Asm.Addi(5, 0, 10), Asm.Addi(10, 10, 1), Asm.Addi(5, 5, -1), Asm.Bne(5, 0, -8), i == Pages - 1 ? Asm.Ecall : Asm.Jal(0, 0x1000 - 16));
        }

        int resets = 0;
        for (int run = 0; run < 10; run++)
        {
            machine.Restart(machine.Hart, Program);
            SliceEnd end;
            while ((end = machine.Hart.RunSlice(100_000)) == SliceEnd.CodeCacheFull)
            {
                machine.Code.Reset();
                Assert.InRange(++resets, 1, 1000);
            }

            Assert.Equal(SliceEnd.Idle, end);
        }

        Assert.Equal(10UL * Pages * 10, machine.Hart.ReadRegister(10));
        Assert.InRange(resets, 10, 1000);
        Assert.InRange(tier.Translations, 10, int.MaxValue);
    }

    [Fact]
    public void Interrupts_between_slices_find_exact_state()
    {
        Code code = new(Program);
        Code.Label loop = code.Mark();
        Code.Label function = new() { Address = Program + 0x1008 };
        code.Add(Asm.Addi(10, 10, 1));
        code.Add(Asm.Store(8, 10, 9, 0));
        code.Go(Op.Jal, function, rd: 1);
        code.Add(Asm.Add(11, 11, 10));
        code.Go(Op.Jal, loop);
        using Twin twin = new(Attach);
        twin.Both(machine =>
        {
            code.Write(machine);
            machine.Write(Program + 0x1008, Asm.Load(8, 12, 9, 0), Asm.Add(13, 13, 12), Asm.Ret);
            machine.Write(MachineHandler, Asm.Csrrs(20, 0x341, 0), Asm.Add(21, 21, 20), Asm.Addi(22, 22, 1), Asm.Mret);
            machine.Hart.WriteRegister(9, Data);
            machine.Set(0x304, 8);
            machine.Hart.WriteMstatus(8, 8);
        });
        for (int i = 0; i < 600; i++)
        {
            long budget = 1 + (i * 37 % 101);
            twin.Both(machine =>
            {
                machine.Hart.SetLine(3, i % 3 == 0);
                machine.Hart.RunSlice(i % 3 == 0 ? 4 : budget);
            });
            MachineState.AssertEqual(twin.Interpreting.Hart, twin.Translating.Hart, $"slice {i}");
        }

        Assert.InRange(twin.Translating.Hart.ReadRegister(22), 100UL, ulong.MaxValue);
        Assert.InRange(twin.Tier.Translations, 1, int.MaxValue);
    }

    public static TheoryData<string> LoopKinds => ["one block", "two pages", "calls", "indirect"];

    [Theory]
    [MemberData(nameof(LoopKinds))]
    public void An_interrupt_is_taken_in_a_hot_loop(string kind)
    {
        using TestMachine machine = new();
        using TestTier tier = Attach(machine);
        WriteLoop(machine, kind);
        machine.Write(MachineHandler, Asm.Csrrs(20, 0x341, 0), Asm.Addi(21, 0, 1), Asm.Jal(0, 0));
        Hart hart = machine.Hart;
        machine.Set(0x304, 8);
        for (int round = 0; round < 20; round++)
        {
            hart.Pc = Program;
            hart.WriteRegister(10, 0);
            hart.WriteRegister(11, 0);
            hart.WriteRegister(21, 0);
            hart.WriteMstatus(8, 8);
            Thread interrupter = new(() =>
            {
                Thread.Sleep(1);
                hart.SetLine(3, true);
            });
            interrupter.Start();
            for (int slice = 0; hart.ReadRegister(21) == 0; slice++)
            {
                Assert.InRange(slice, 0, 1000);
                hart.RunSlice(10_000_000);
            }

            interrupter.Join();
            hart.SetLine(3, false);
            ulong ahead = hart.ReadRegister(10) - hart.ReadRegister(11);
            Assert.Equal(hart.ReadRegister(20) - Program is 4 or 0x104 or 0x108 or 0x1100 ? 1UL : 0, ahead);
        }
    }

    [Theory]
    [MemberData(nameof(LoopKinds))]
    public void A_hot_endless_loop_can_be_stopped_and_held(string kind)
    {
        using TestMachine machine = new();
        using TestTier tier = Attach(machine);
        WriteLoop(machine, kind);
        Hart hart = machine.Hart;
        SliceEnd end = SliceEnd.Idle;
        Thread runner = new(() => end = hart.RunSlice(long.MaxValue));
        runner.Start();
        Thread.Sleep(5);
        hart.RaiseAttention(Attention.Stop);
        Assert.True(runner.Join(10_000));
        Assert.Equal(SliceEnd.Stopped, end);
        ulong stopped = hart.ReadRegister(10);
        Assert.InRange(stopped, 1UL, ulong.MaxValue);

        runner = new(() => end = hart.RunSlice(long.MaxValue));
        runner.Start();
        Thread.Sleep(5);
        hart.Hold();
        Assert.False(hart.IsExecuting);
        Assert.True(runner.Join(10_000));
        Assert.InRange(hart.ReadRegister(10), stopped, ulong.MaxValue);
        hart.Release();
    }

    /// <summary>Attaches the tier under test.</summary>
    private protected abstract TestTier Attach(TestMachine machine);

    // x10 is counted up, then x11: mepc tells whether it is ahead.
    private static void WriteLoop(TestMachine machine, string kind)
    {
        switch (kind)
        {
            case "one block":
                machine.Write(Program, Asm.Addi(10, 10, 1), Asm.Addi(11, 11, 1), Asm.Jal(0, -8));
                break;
            case "two pages":
                machine.Write(Program, Asm.Addi(10, 10, 1), Asm.Jal(0, 0x1000 - 4 + 0x100));
                machine.Write(Program + 0x1100, Asm.Addi(11, 11, 1), Asm.Jal(0, -0x1104));
                break;
            case "calls":
                machine.Write(Program, Asm.Addi(10, 10, 1), Asm.Jal(1, 0x100), Asm.Jal(0, -8));
                machine.Write(Program + 0x104, Asm.Nop, Asm.Addi(11, 11, 1), Asm.Ret);
                break;
            default:
                machine.Write(Program, Asm.Addi(10, 10, 1), Asm.Jalr(0, 6, 0));
                machine.Write(Program + 0x1100, Asm.Addi(11, 11, 1), Asm.Jalr(0, 7, 0));
                machine.Hart.WriteRegister(6, Program + 0x1100);
                machine.Hart.WriteRegister(7, Program);
                break;
        }
    }
}
