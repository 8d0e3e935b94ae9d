using System.Runtime.InteropServices;
using CoveJit.Harts;
using CoveJit.Harts.Code;
using CoveJit.Harts.State;
using CoveJit.Harts.Tests;
using CoveJit.Isa;
using CoveJit.Memory.Physical;
using CoveJit.Memory.Translation;
using CoveJit.Translator.Tests.Support;
using CoveJit.Translator.X64.Blocks;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Translator.X64.Tests.Blocks;

/// <summary>What native code has the hart or the interpreter do: fills, faults, devices, handlers, leaving; and where the code itself lies.</summary>
public sealed unsafe class BlockTests
{
    private const ulong Home = 0x4000_0000;
    private const ulong Window = 0x5000_0000;
    private const ulong Table = Base + 0x30_0000;
    private const ulong Adue = 1UL << 61;
    private const ulong Leaf = 0xCF; // V R W X A D
    private const ulong Sum = 1UL << 18;
    private const ulong Mxr = 1UL << 19;

    // Steps over the instruction; x29 to x31 are its own, x31 mixes what it saw.
    private static readonly uint[] Handler = RandomProgram.Handler;

    public static TheoryData<Op> Handled => [.. Instructions.OfKind(OpKind.System).Where(op => !OpInfo.EndsBlock(op) && op is not (Op.Pause or Op.Fence or Op.FenceTso))];

    public static TheoryData<Op> Everything => [.. Enum.GetValues<OpKind>().SelectMany(Instructions.OfKind).Where(op => Encodes(op) is not null)];

    // Pages of all permissions, absent ones, devices and holes, met by loads, stores and AMOs in a loop. What a walk leaves in the page tables is compared, too.
    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 0)]
    [InlineData(true, Sum | Mxr)]
    [InlineData(false, Sum)]
    public void A_miss_is_filled_or_faults_as_in_the_interpreter(bool hardwareUpdate, ulong status)
    {
        const int Pages = 700; // more than the TLB holds
        const ulong Slow = Program + 0x3000; // has code: no store hits
        Random random = new(status.GetHashCode() + (hardwareUpdate ? 1 : 0));
        (ulong Frame, ulong Flags)[] pages = [.. Enumerable.Range(0, Pages).Select(i => (
            random.Next(12) switch
            {
                0 => Device,
                1 => 0x7000_0000UL, // nothing there
                2 => Slow,
                _ => Data + (0x1000 * (ulong)random.Next(16)),
            },
            random.Next(2) == 0 ? Leaf : (ulong)random.Next(256)))];
        ulong[] addresses = [.. Enumerable.Range(0, 3000).Select(_ => Window + (ulong)random.Next(0x1000 * Pages) & (random.Next(8) == 0 ? ulong.MaxValue : ~7UL))
            .Where(address => (address & 0xFFF) is < 0x7F0 or > 0x810)];
        Code code = new(Home);
        Code.Label loop = code.Mark();
        code.Add(Asm.Load(8, 5, 8, 0));
        code.Add(Asm.Addi(8, 8, 8));
        code.Add(Asm.Load(8, 10, 5, 0));
        code.Add(Asm.Store(8, 10, 5, 0));
        code.Add(Asm.Addi(11, 11, 1));
        code.Add(Asm.Store(4, 11, 5, 4));
        code.Add(Asm.AmoAdd(8, 12, 5, 11));
        code.Add(Op.AmominuW, 13, 5, 11); // by its handler
        code.Add(Op.Lh, 14, 5, imm: 2);
        code.Add(Op.Fld, 1, 5);
        code.Go(Op.Jal, new Code.Label { Address = Home + 0x1800 }, rd: 1);
        code.Go(Op.Bne, loop, 8, 9);
        ulong stop = code.AddEnd();
        using Twin twin = new(Attach);
        twin.Both(machine =>
        {
            code.Write(machine, address => Program + (address & 0xFFF));
            machine.Write(MachineHandler, Handler);
            Fill(machine, addresses);
            machine.Write(Slow + 0x800, Asm.Addi(15, 15, 1), Asm.Ret);
            machine.MapPage(Home, Program, Leaf);
            machine.MapPage(Home + 0x1000, Slow, Leaf);
            for (int i = 0; i < addresses.Length * 8; i += 0x1000)
            {
                machine.MapPage(Table + (ulong)i, Table + (ulong)i, Leaf);
            }

            for (int i = 0; i < Pages; i++)
            {
                machine.MapPage(Window + (0x1000 * (ulong)i), pages[i].Frame, pages[i].Flags);
            }

            machine.Hart.WriteMstatus(status | (1UL << 13), Sum | Mxr | (3UL << 13));
            machine.Hart.WriteMenvcfg(hardwareUpdate ? Adue : 0);
            machine.Hart.WriteRegister(8, Table);
            machine.Hart.WriteRegister(9, Table + (8 * (ulong)addresses.Length));
            machine.Set(0x180, machine.Satp());
            machine.GoTo(PrivilegeMode.Supervisor, Home);
        });
        twin.Run(stop, 997, "pages");
        Assert.InRange(twin.Translating.Hart.TrapCounts[15], 100UL, ulong.MaxValue);
        Assert.InRange(twin.Translating.Hart.TrapCounts[7], 100UL, ulong.MaxValue);
        Assert.InRange(twin.Tier.Translations, 3, int.MaxValue);
    }

    [Fact]
    public void A_store_that_faults_leaves_no_D_bit_and_exact_state()
    {
        const ulong ReadOnly = 0x43; // V R A
        Code code = new(Home);
        Code.Label loop = code.Mark();
        code.Add(Asm.Addi(10, 10, 1));
        code.Add(Asm.Store(8, 10, 5, 16));
        code.Add(Asm.Add(5, 5, 6));
        code.Go(Op.Jal, loop);
        using Twin twin = new(Attach);
        ulong entry = 0;
        twin.Both(machine =>
        {
            code.Write(machine, address => Program + (address & 0xFFF));
            machine.MapPage(Home, Program, Leaf);
            for (int i = 0; i < 9; i++)
            {
                entry = machine.MapPage(Window + (0x1000 * (ulong)i), Data + (0x1000 * (ulong)i), i < 8 ? 0x47 : ReadOnly);
            }

            machine.Hart.WriteMenvcfg(Adue);
            machine.Hart.WriteRegister(5, Window);
            machine.Hart.WriteRegister(6, 0x1000);
            machine.Set(0x180, machine.Satp());
            machine.GoTo(PrivilegeMode.Supervisor, Home);
        });
        twin.Run(MachineHandler + 4, 1000, "read-only");
        Hart hart = twin.Translating.Hart;
        Assert.Equal((15UL, Home + 4, Window + 0x8010, 9UL), (hart.Mcause, hart.Mepc, hart.Mtval, hart.ReadRegister(10)));
        Assert.Equal(ReadOnly, twin.Translating.Read64(entry) & 0xFF);
        Assert.Equal(0xC7UL, twin.Translating.Read64(entry - 8) & 0xFF);
        Assert.InRange(twin.Tier.Translations, 1, int.MaxValue);
    }

    [Theory]
    [MemberData(nameof(Handled))]
    public void An_instruction_of_the_handlers_does_what_it_does_in_the_interpreter(Op op)
    {
        ulong[] addresses = [Data, Data + 8, Data + 0x40, Data + 0xFF8, Data + 0xFFC, Data + 1, Data + 4, Device, 0x123, Program + 0x800, ulong.MaxValue - 7, Base + 0x7F_FFF0];
        ulong[] tuples = [.. addresses.SelectMany(address => ((ulong[])[0, 5, ulong.MaxValue]).SelectMany(value => (ulong[])[address, value]))];
        Code code = new(Program);
        Code.Label loop = code.Mark();
        code.Add(Asm.Load(8, 20, 8, 0));
        code.Add(Asm.Load(8, 10, 8, 8));
        code.Add(Asm.Addi(8, 8, 16));
        code.Add(Asm.Lr(8, 14, 20));
        code.Add(Asm.Addi(12, 14, 0));
        code.Add(op, 12, 20, 10); // pairs begin at even registers
        code.Add(Asm.Add(15, 15, 12));
        code.Add(op, 0, 20, 2);
        code.Add(op, 2, 20, 0);
        code.Add(Asm.Add(15, 15, 2));
        code.Go(Op.Bne, loop, 8, 9);
        ulong stop = code.AddEnd();
        using Twin twin = new(Attach);
        for (int run = 0; run < 2; run++)
        {
            twin.Both(machine =>
            {
                machine.Prepare(machine.Hart);
                code.Write(machine);
                machine.Write(MachineHandler, Handler);
                Fill(machine, tuples);
                machine.Hart.WriteRegister(8, Table);
                machine.Hart.WriteRegister(9, Table + (8 * (ulong)tuples.Length));
            });
            twin.Run(stop, run == 0 ? 1_000_000 : 13, $"{op}, run {run}");
        }

        Assert.True(twin.Tier.Translates(twin.Translating.Hart, Program, op));
    }

    [Fact]
    public void PAUSE_ends_the_slice()
    {
        Code code = new(Program);
        Code.Label loop = code.Mark();
        code.Add(Asm.Addi(10, 10, 1));
        code.Add(Op.Pause);
        code.Add(Asm.Addi(11, 11, 1));
        code.Add(Op.Pause);
        code.Go(Op.Jal, loop);
        using Twin twin = new(Attach);
        twin.Both(machine => code.Write(machine));
        for (int slice = 0; slice < 50; slice++)
        {
            twin.Both(machine => Assert.Equal(SliceEnd.Budget, machine.Hart.RunSlice(10_000)));
            MachineState.AssertEqual(twin.Interpreting.Hart, twin.Translating.Hart, $"slice {slice}");
        }

        Assert.Equal(25UL, twin.Translating.Hart.ReadRegister(10));
        Assert.Equal(25UL, twin.Translating.Hart.ReadRegister(11));
        Assert.InRange(twin.Tier.Translations, 1, int.MaxValue);
    }

    // An exception that unwound native code would end the process.
    [Fact]
    public void What_is_thrown_under_native_code_comes_out_of_the_run_loop()
    {
        Code code = new(Program);
        Code.Label loop = code.Mark();
        code.Add(Asm.Addi(10, 10, 1));
        code.Add(Asm.Csrrs(13, 0xC01, 0)); // time, by its handler
        code.Go(Op.Bne, loop, 10, 9);
        code.AddEnd();
        using Twin twin = new(Attach);
        twin.Both(machine =>
        {
            code.Write(machine);
            machine.Clock.OnRead = () => _ = machine.Hart.ReadRegister(10) < 100 ? 0 : throw new InvalidOperationException("broken");
            machine.Hart.WriteRegister(9, 1000);
            InvalidOperationException thrown = Assert.Throws<InvalidOperationException>(() => machine.Hart.RunSlice(100_000));
            Assert.Equal("broken", thrown.Message);
            Assert.Equal(100UL, machine.Hart.ReadRegister(10));
        });
        Assert.InRange(twin.Tier.Translations, 1, int.MaxValue);
    }

    public static TheoryData<string> Loops => ["jump", "branch", "floating point", "indirect", "two blocks"];

    // Attention is raised in the midst of a turn, by what a store to code leads to: the turn is the last.
    [Theory]
    [MemberData(nameof(Loops))]
    public void A_hart_that_is_wanted_leaves_native_code_at_the_end_of_the_turn(string kind)
    {
        const ulong Slow = Program + 0x3000;
        using TestMachine machine = new();
        using NativeTier tier = Attach(machine);
        Code code = new(Program);
        Code.Label loop = code.Mark();
        code.Add(Op.AmomaxD, 10, 6, 0);
        if (kind == "floating point")
        {
            code.Add(Op.FaddD, 1, 2, 3); // its slow path is cold code
        }

        code.Add(Asm.Addi(8, 8, 1));
        if (kind == "two blocks")
        {
            Code.Label over = new();
            code.Go(Op.Bne, over, 8);
            code.Mark(over);
        }

        switch (kind)
        {
            case "branch" or "floating point":
                code.Go(Op.Bne, loop, 8);
                break;
            case "indirect":
                code.Add(Asm.Jalr(0, 5, 0));
                break;
            default:
                code.Go(Op.Jal, loop);
                break;
        }

        code.Write(machine);
        Hart hart = machine.Hart;
        hart.WriteMstatus(1UL << 13, 3UL << 13);
        hart.WriteRegister(5, Program);
        hart.WriteRegister(6, Data);
        Assert.Equal(SliceEnd.Budget, hart.RunSlice(1200));
        Assert.True(tier.Translates(hart, Program, Op.AmomaxD));
        machine.Ram.AddObserver(new Stopper(hart));
        machine.Write(Slow, Asm.Ret);
        machine.Code.Find(Slow, out _);
        hart.Pc = Program;
        hart.WriteRegister(6, Slow);
        ulong turns = hart.ReadRegister(8);
        Assert.Equal(SliceEnd.Stopped, hart.RunSlice(1200));
        Assert.Equal((turns + 1, Program), (hart.ReadRegister(8), hart.Pc));
    }

    // Flags raised before a fill, before a handler and behind both, each alone.
    [Fact]
    public void Flags_survive_fills_and_handlers()
    {
        Code code = new(Program);
        Code.Label loop = code.Mark();
        for (int n = 0; n < 3; n++)
        {
            code.Add(Asm.Csrrw(15, 1, 0));
            code.Add(Asm.Add(14, 14, 15));
            code.Add(Op.FdivD, 3, 1, n == 0 ? 2 : 1, rm: 7);
            code.Add(Asm.Load(8, 10, 5, 0));
            code.Add(Op.FdivD, 3, 1, n == 1 ? 4 : 1, rm: 7); // by zero
            code.Add(Op.AmomaxD, 11, 5, 10);
            code.Add(Op.FsqrtD, 3, n == 2 ? 6 : 1, rm: 7); // of a negative number
            code.Add(Asm.Csrrs(15, 1, 0));
            code.Add(Op.Slli, 14, 14, imm: 5);
            code.Add(Asm.Add(14, 14, 15));
        }

        code.Add(Asm.Add(5, 5, 6));
        code.Add(Asm.Addi(8, 8, -1));
        code.Go(Op.Bne, loop, 8);
        ulong stop = code.AddEnd();
        using Twin twin = new(Attach);
        twin.Both(machine =>
        {
            code.Write(machine);
            machine.Hart.WriteMstatus(1UL << 13, 3UL << 13);
            machine.Hart.State->F[1] = BitConverter.DoubleToUInt64Bits(1);
            machine.Hart.State->F[2] = BitConverter.DoubleToUInt64Bits(3);
            machine.Hart.State->F[6] = BitConverter.DoubleToUInt64Bits(-2);
            machine.Hart.WriteRegister(5, Data);
            machine.Hart.WriteRegister(6, 0x1000);
            machine.Hart.WriteRegister(8, 100);
        });
        twin.Run(stop, 777, "flags");
        Assert.NotEqual(0UL, twin.Translating.Hart.ReadRegister(14));
        Assert.InRange(twin.Tier.Translations, 2, int.MaxValue);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(200)]
    public void A_block_may_be_as_long_as_blocks_are(long budget)
    {
        Code code = new(Program);
        Code.Label loop = code.Mark();
        for (int i = 0; i < 126; i++)
        {
            code.Add(0x0505); // c.addi x10, 1
        }

        code.Add(Asm.Addi(8, 8, -1)); // 127 instructions in the first block
        code.Go(Op.Bne, loop, 8);
        ulong stop = code.AddEnd();
        using Twin twin = new(Attach);
        twin.Both(machine =>
        {
            code.Write(machine);
            machine.Hart.WriteRegister(8, 30);
        });
        twin.Run(stop, budget, "long block");
        Assert.Equal(30UL * 126, twin.Translating.Hart.ReadRegister(10));
    }

    // The emitter relies on the room that it asks for.
    [Theory]
    [MemberData(nameof(Everything))]
    public void A_block_full_of_an_instruction_has_room(Op op)
    {
        using TestMachine machine = new();
        using NativeTier tier = new(machine, threshold: 1000, regionThreshold: 1000);
        Code code = new(Program);
        for (int i = 0; i < Block.ChunkSize / 4; i++)
        {
            code.Add(Encodes(op)!.Value);
        }

        code.Write(machine);
        machine.Write(Program + 0x800, Asm.Nop);
        machine.Hart.Pc = Program + 0x800;
        machine.Hart.Step(); // fills the TLB
        ((ITranslator)tier.Translator).OnHot(machine.Hart, Program, machine.Code.Find(Program, out _));
        Assert.Equal(1, tier.Translations);
        Assert.InRange(tier.Translator.BytesEmitted, 1, BlockEmitter.MaximumSize);
    }

    [Fact]
    public void The_memory_for_native_code_is_emptied_when_it_is_full()
    {
        using TestMachine machine = new();
        NativeTranslator translator = new(machine.Code, threshold: 2) { MaximumBytes = BlockEmitter.MaximumSize + 3000 };
        const int Pages = 30;
        for (int i = 0; i < Pages; i++)
        {
            ulong at = Program + (0x1000 * (ulong)i);
            machine.Write(at, Asm.Addi(5, 0, 10), Asm.Addi(10, 10, 1), Asm.Addi(5, 5, -1), Asm.Bne(5, 0, -8), i == Pages - 1 ? Asm.Ecall : Asm.Jal(0, 0x1000 - 16));
        }

        int resets = 0;
        for (int run = 0; run < 20; run++)
        {
            machine.Restart(machine.Hart, Program);
            while (machine.Hart.RunSlice(100_000) == SliceEnd.CodeCacheFull)
            {
                machine.Code.Reset();
                Assert.InRange(++resets, 1, 200);
            }
        }

        Assert.Equal(20UL * Pages * 10, machine.Hart.ReadRegister(10));
        Assert.InRange(resets, 5, 200);
        Assert.InRange(translator.BytesEmitted, 3000L * resets / 2, long.MaxValue);
    }

    [Fact]
    public void A_machine_goes_on_when_another_one_is_disposed_of()
    {
        using TestMachine machine = new();
        NativeTranslator translator = new(machine.Code, threshold: 2);
        machine.Write(Program, Asm.Addi(10, 10, 1), Asm.Addi(8, 8, -1), Asm.Bne(8, 0, -8), Asm.Ecall);
        for (int i = 1; i <= 3; i++)
        {
            using (TestMachine other = new())
            {
                NativeTranslator otherTranslator = new(other.Code, threshold: 2);
                other.Write(Program, Asm.Addi(10, 10, 1), Asm.Addi(8, 8, -1), Asm.Bne(8, 0, -8), Asm.Ecall);
                other.Hart.WriteRegister(8, 100);
                other.RunToIdle();
                Assert.InRange(otherTranslator.BlocksTranslated, 1, 5);
            }

            machine.Restart(machine.Hart, Program);
            machine.Hart.WriteRegister(8, 100);
            machine.RunToIdle();
            Assert.Equal(100UL * (ulong)i, machine.Hart.ReadRegister(10));
        }

        Assert.InRange(translator.BlocksTranslated, 1, 5);
    }

    // Native until the threshold, then a region; once that is gone with its page, native code, and a region again.
    [Fact]
    public void What_runs_often_in_native_code_becomes_a_region()
    {
        using TestMachine machine = new();
        using NativeTier tier = new(machine, threshold: 2, regionThreshold: 1000);
        nint entry = 0;
        for (int i = 1; i <= 3; i++)
        {
            machine.Write(Program, Asm.Addi(10, 10, i), Asm.Jal(0, -4));
            machine.Hart.RunSlice(1000);
            Block* block = machine.Code.Find(Program, out _);
            entry = block->Entry;
            Assert.NotEqual(0, entry);
            Assert.Equal(i - 1, tier.Regions);
            machine.Hart.RunSlice(19_000);
            Assert.Equal(i, tier.Regions);
            Assert.NotEqual(entry, block->Entry);
        }

        Assert.Equal(10_000UL * 6, machine.Hart.ReadRegister(10));
    }

    // A full table of regions is emptied: its blocks count anew.
    [Fact]
    public void A_block_whose_region_was_given_up_becomes_one_again()
    {
        using TestMachine machine = new();
        using RegionTranslator regions = new(machine.Code, machine.Harts, synchronous: true) { MaximumRegions = 1 };
        NativeTranslator translator = new(machine.Code, threshold: 2, regions, regionThreshold: 10);
        machine.Write(Program, Asm.Addi(10, 10, 1), Asm.Addi(5, 5, -1), Asm.Bne(5, 0, -8), Asm.Jalr(0, 6, 0));
        machine.Write(Program + 0x1000, Asm.Addi(11, 11, 1), Asm.Addi(5, 5, -1), Asm.Bne(5, 0, -8), Asm.Jal(0, 0));
        machine.Hart.WriteRegister(6, Program + 0x1000);
        for (int i = 0; i < 10; i++)
        {
            machine.Hart.Pc = Program + (0x1000 * (ulong)(i % 2));
            machine.Hart.WriteRegister(5, 200);
            machine.Hart.RunSlice(500);
        }

        Assert.InRange(regions.RegionsCompiled, 6, 40);
        Assert.InRange(translator.BlocksTranslated, 3, int.MaxValue);
    }

    // A hart is in native code of a page that another hart discards all the time. No FENCE.I: any version may run, nothing else.
    [Fact]
    public void A_page_is_forgotten_under_a_hart_in_its_native_code()
    {
        using TestMachine machine = new(harts: 2);
        using NativeTier tier = new(machine);
        Code code = new(Program);
        Code.Label loop = code.Mark();
        Code.Label odd = new();
        code.Add(Asm.Addi(10, 10, 1));
        code.Add(Op.Andi, 5, 10, imm: 1);
        code.Go(Op.Bne, odd, 5);
        code.Add(Asm.Addi(11, 11, 2));
        code.Mark(odd);
        code.Add(Asm.Addi(8, 8, -1));
        code.Go(Op.Bne, loop, 8);
        ulong stop = code.AddEnd();
        code.Write(machine);
        Hart runner = machine.Harts[1];
        bool done = false;
        Thread writer = new(() =>
        {
            while (!Volatile.Read(ref done))
            {
                Assert.True(machine.Ram.TryWrite(Program + 0x800, [1]));
                Thread.SpinWait(500);
            }
        });
        writer.Start();
        const ulong Turns = 200_000;
        ulong total = 0;
        while (machine.Code.PagesInvalidated < 300)
        {
            runner.WriteRegister(8, Turns);
            runner.Pc = Program;
            while (runner.Pc != stop)
            {
                Assert.Equal(SliceEnd.Budget, runner.RunSlice(100_000));
            }

            total += Turns;
            Assert.Equal((total, total), (runner.ReadRegister(10), runner.ReadRegister(11)));
        }

        Volatile.Write(ref done, true);
        writer.Join();
        Assert.InRange(tier.Translations, 10, int.MaxValue);
    }

    private static NativeTier Attach(TestMachine machine) => new(machine);

    // The word of an operation with some operands; null for those that have no 32-bit word of their own.
    private static uint? Encodes(Op op)
    {
        try
        {
            uint word = Code.Encode(op, 10, 20, 12, imm: 8, rs3: 13, rm: 0);
            return (word & 3) == 3 && Decoder.Decode(word, ExtensionSet.All).Op == op ? word : null;
        }
        catch (KeyNotFoundException)
        {
            return null;
        }
    }

    private static void Fill(TestMachine machine, ulong[] values) => Assert.True(machine.Ram.TryWrite(Table, MemoryMarshal.AsBytes(values.AsSpan())));

    /// <summary>Stops a hart at a store to code.</summary>
    private sealed class Stopper(Hart hart) : IPageWriteObserver
    {
        public void OnWrite(ulong address, int length, PageFlags flags) => hart.RaiseAttention(Attention.Stop);
    }
}
