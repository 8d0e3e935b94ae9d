using CoveJit.Harts;
using CoveJit.Harts.Tests;
using CoveJit.Isa;
using CoveJit.Memory.Translation;
using CoveJit.Translator.Tests.Support;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Translator.Tests;

/// <summary>Two harts on two threads, and the compiler on a third: code and mappings that change under hot loops.</summary>
[Collection(nameof(Alone))]
public abstract class ConcurrencyTests
{
    private const ulong Leaf = 0xCF; // V R W X A D
    private const ulong Function = Program + 0x1000;
    private const long Milliseconds = 600;
    private const int LeastRounds = 20;

    // Enough to invalidate what was hot many times; the arena, which nobody empties here, holds so many discarded pages.
    private const int MaximumRounds = 3000;

    // Hart 0 stores a new function; hart 1 runs it in a hot loop, is told to FENCE.I, and must not execute an older version afterwards.
    [Fact]
    public void A_remote_FENCE_I_shows_code_written_by_another_hart()
    {
        using Pair pair = new(Attach);
        TestMachine machine = pair.Machine;
        Hart writer = machine.Harts[0];
        machine.Write(Function, Asm.Addi(10, 0, 0), Asm.Ret);
        machine.Write(Program, Asm.Store(4, 7, 6, 0), Asm.Fence, Asm.Ecall);
        WriteCaller(machine);
        writer.WriteRegister(6, Function);
        pair.RunSecond(Program + 0x2000);
        pair.Rounds(round =>
        {
            int value = 1 + (round % 2000);
            machine.Restart(writer, Program);
            writer.WriteRegister(7, Asm.Addi(10, 0, value));
            machine.RunToIdle(writer);
            pair.OnSecond(hart => hart.FenceInstruction());
            return pair.NextResult() == (ulong)value ? null : $"written {value}";
        });
        Assert.InRange(pair.Tier.Translations, 5, int.MaxValue);
    }

    // The same by a device's DMA.
    [Fact]
    public void A_remote_FENCE_I_shows_code_written_by_DMA()
    {
        using Pair pair = new(Attach);
        pair.Machine.Write(Function, Asm.Addi(10, 0, 0), Asm.Ret);
        WriteCaller(pair.Machine);
        pair.RunSecond(Program + 0x2000);
        pair.Rounds(round =>
        {
            int value = 1 + (round % 2000);
            pair.Machine.Write(Function, Asm.Addi(10, 0, value));
            pair.OnSecond(hart => hart.FenceInstruction());
            return pair.NextResult() == (ulong)value ? null : $"written {value}";
        });
        Assert.InRange(pair.Tier.Translations, 5, int.MaxValue);
    }

    // The function's page is mapped to another frame, whose code returns another value; the runner gets a remote SFENCE.VMA.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_remote_SFENCE_VMA_shows_another_mapping(bool ofData)
    {
        const ulong Home = 0x4000_0000;
        using Pair pair = new(Attach);
        TestMachine machine = pair.Machine;
        ulong[] frames = [Program + 0x5000, Program + 0x9000, Program + 0x7000];
        for (int i = 0; i < frames.Length; i++)
        {
            machine.Write(frames[i], Asm.Addi(10, 0, 100 + i), Asm.Ret);
            machine.Write64(frames[i] + 0x800, 100 + (ulong)i);
        }

        // The loop at the end of a page, the function at the start of the next.
        Code code = new(Home + 0xFC0);
        Code.Label loop = code.Mark();
        if (ofData)
        {
            code.Add(Asm.Load(8, 10, 6, -0x800)); // x6 is at 0x1000 into the page
        }
        else
        {
            code.Go(Op.Jal, new Code.Label { Address = Home + 0x1000 }, rd: 1);
        }

        code.Add(Asm.Store(8, 10, 9, 0));
        code.Add(Asm.Addi(8, 8, 1));
        code.Add(Asm.Store(8, 8, 9, 8));
        code.Go(Op.Jal, loop);
        code.Write(machine, address => Program + (address & 0xFFF));
        machine.MapPage(Home, Program, Leaf);
        ulong entry = machine.MapPage(Home + 0x1000, frames[0], Leaf);
        machine.MapPage(Home + 0x8000, Data, Leaf);
        Hart runner = machine.Harts[1];
        runner.WriteRegister(6, Home + 0x2000);
        runner.WriteRegister(9, Home + 0x8000);
        machine.Set(runner, 0x180, machine.Satp());
        machine.Set(runner, 0x341, Home + 0xFC0);
        runner.WriteMstatus(1UL << 11, 3UL << 11);
        runner.Pc = Base + 0x3000; // mret
        runner.Step();
        Assert.Equal(PrivilegeMode.Supervisor, runner.Privilege);
        pair.RunSecond(null);
        pair.Rounds(round =>
        {
            int next = round % frames.Length;
            machine.Write64(entry, (frames[next] >> 2) | Leaf);
            pair.OnSecond(hart => hart.FenceAddressSpace(round % 2 == 0 ? Home + 0x1000 : null, null));
            return pair.NextResult() == 100 + (ulong)next ? null : $"mapped {100 + next}";
        });
        Assert.InRange(pair.Tier.Translations, 1, int.MaxValue);
    }

    // Each hart rewrites its own function; all of it lies in one page.
    [Fact]
    public void Two_harts_rewrite_their_own_code_in_a_shared_page()
    {
        using Pair pair = new(Attach);
        TestMachine machine = pair.Machine;
        const int Turns = 400;
        ulong[] stops = new ulong[2];
        for (int i = 0; i < 2; i++)
        {
            Code code = new(Program + (0x200 * (ulong)i));
            Code.Label loop = code.Mark();
            for (int n = 0; n < 2; n++)
            {
                code.Add(Asm.Store(4, 6 + n, 5, 0));
                code.Add(Asm.FenceI);
                code.Add(Asm.Addi(7 + n + 5, 0, 10));
                Code.Label calls = code.Mark();
                code.Add(Asm.Jalr(1, 5, 0));
                code.Add(Asm.Addi(7 + n + 5, 7 + n + 5, -1));
                code.Go(Op.Bne, calls, 7 + n + 5);
            }

            code.Add(Asm.Addi(8, 8, -1));
            code.Go(Op.Bne, loop, 8);
            stops[i] = code.AddEnd();
            code.Write(machine);
            Hart hart = machine.Harts[i];
            machine.Write(Program + 0x800 + (0x40 * (ulong)i), Asm.Nop, Asm.Ret);
            hart.WriteRegister(5, Program + 0x800 + (0x40 * (ulong)i));
            hart.WriteRegister(6, Asm.Addi(10, 10, 1));
            hart.WriteRegister(7, Asm.Addi(10, 10, 100));
            hart.WriteRegister(8, Turns);
            hart.Pc = Program + (0x200 * (ulong)i);
        }

        Parallel.For(0, 2, i =>
        {
            long end = Environment.TickCount64 + 60_000;
            while (machine.Harts[i].Pc != stops[i] && Environment.TickCount64 < end)
            {
                pair.RunSlice(machine.Harts[i], 20_000);
            }
        });
        Assert.Equal(stops, machine.Harts.Select(hart => hart.Pc));
        Assert.All(machine.Harts, hart => Assert.Equal((ulong)Turns * 1010, hart.ReadRegister(10)));
    }

    // Many pages of loops, more than the cache holds: it is emptied again and again while both harts are in translated code.
    [Fact]
    public void The_cache_is_emptied_under_two_harts_in_translated_code()
    {
        using Pair pair = new(Attach, cacheLimit: 200_000);
        TestMachine machine = pair.Machine;
        const int Pages = 40;
        for (int i = 0; i < Pages; i++)
        {
            ulong at = Program + (0x1000 * (ulong)i);
            machine.Write(at, Asm.Addi(5, 0, 200), Asm.Addi(10, 10, 1), Asm.Addi(5, 5, -1), Asm.Bne(5, 0, -8), i == Pages - 1 ? Asm.Jal(0, 0) : Asm.Jal(0, 0x1000 - 16));
        }

        ulong stop = Program + (0x1000 * (Pages - 1)) + 16;
        int[] runs = new int[2];
        Parallel.For(0, 2, i =>
        {
            // A background compiler may need its time on a busy host.
            Hart hart = machine.Harts[i];
            long end = Environment.TickCount64 + 30_000;
            while (runs[i] < 40 || (pair.Tier.Translations < 5 && Environment.TickCount64 < end))
            {
                hart.Pc = Program;
                while (hart.Pc != stop)
                {
                    pair.RunSlice(hart, 3000);
                }

                runs[i]++;
            }
        });
        Assert.All(machine.Harts, hart => Assert.Equal((ulong)runs[hart.Id] * Pages * 200, hart.ReadRegister(10)));
        Assert.InRange(pair.Resets, 5, int.MaxValue);
        Assert.InRange(pair.Tier.Translations, 5, int.MaxValue);
    }

    /// <summary>Attaches the tier under test.</summary>
    private protected abstract TestTier Attach(TestMachine machine);

    // x10 of the function to memory, and a count of the calls.
    private static void WriteCaller(TestMachine machine)
    {
        machine.Write(Program + 0x2000, Asm.Jalr(1, 6, 0), Asm.Store(8, 10, 9, 0), Asm.Addi(8, 8, 1), Asm.Store(8, 8, 9, 8), Asm.Jal(0, -16));
        machine.Harts[1].WriteRegister(6, Function);
        machine.Harts[1].WriteRegister(9, Data);
    }

    /// <summary>Two harts and the translator; the second hart may run on a thread of its own.</summary>
    private sealed class Pair : IDisposable
    {
        private readonly Lock _exclusive = new();
        private Thread? _thread;
        private bool _stop;

        public Pair(Func<TestMachine, TestTier> attach, ulong cacheLimit = 64UL << 20)
        {
            Machine = new TestMachine(harts: 2, cacheLimit);
            Tier = attach(Machine);
        }

        public TestMachine Machine { get; }

        public TestTier Tier { get; }

        public int Resets { get; private set; }

        private Hart Second => Machine.Harts[1];

        public void RunSecond(ulong? pc)
        {
            Second.Pc = pc ?? Second.Pc;
            _thread = new Thread(() =>
            {
                while (!Volatile.Read(ref _stop))
                {
                    Second.RunSlice(1_000_000);
                }
            });
            _thread.Start();
        }

        public void OnSecond(Action<Hart> request)
        {
            ulong ticket = Second.Post(request);
            SpinWait.SpinUntil(() => Second.IsDone(ticket));
        }

        /// <summary>What the runner stores after two more turns: the first may have begun before the fence.</summary>
        public ulong? NextResult()
        {
            ulong count = Machine.Read64(Data + 8);
            return SpinWait.SpinUntil(() => Machine.Read64(Data + 8) > count + 1, 5000) ? Machine.Read64(Data) : null;
        }

        public void Rounds(Func<int, string?> round)
        {
            string? failure = null;
            int rounds = 0;
            long end = Environment.TickCount64 + Milliseconds;
            while (failure is null && rounds < MaximumRounds && (rounds < LeastRounds || Environment.TickCount64 < end))
            {
                failure = round(++rounds);
                if (rounds % 8 == 0)
                {
                    Thread.Sleep(1); // the compiler's turn
                }
            }

            Assert.True(failure is null, $"round {rounds}: {failure}, executed {Machine.Read64(Data)}");
        }

        /// <summary>As the machine's scheduler: whoever finds the cache full holds the other and empties it.</summary>
        public void RunSlice(Hart hart, long budget)
        {
            SliceEnd end = hart.RunSlice(budget);
            if (end == SliceEnd.Stopped)
            {
                hart.AwaitRelease();
            }
            else if (end == SliceEnd.CodeCacheFull && _exclusive.TryEnter())
            {
                try
                {
                    Hart other = Machine.Harts[1 - hart.Id];
                    other.Hold();
                    if (Machine.Code.IsFull)
                    {
                        Machine.Code.Reset();
                        Resets++;
                    }

                    other.Release();
                }
                finally
                {
                    _exclusive.Exit();
                }
            }
        }

        public void Dispose()
        {
            Volatile.Write(ref _stop, true);
            _thread?.Join();
            Tier.Dispose();
            Machine.Dispose();
        }
    }
}
