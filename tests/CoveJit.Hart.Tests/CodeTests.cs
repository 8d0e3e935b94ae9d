using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Harts.Tests;

public sealed class CodeTests
{
    [Fact]
    public void FENCE_I_makes_stores_to_executed_code_visible()
    {
        using TestMachine machine = new();
        const ulong Function = Program + 0x1000;
        machine.Write(Function, Asm.Addi(10, 0, 1), Asm.Ret);
        machine.Write(Program, Asm.Jalr(1, 6, 0), Asm.Add(11, 11, 10), Asm.Store(4, 7, 6, 0), Asm.FenceI, Asm.Addi(7, 7, 0), Asm.Addi(8, 8, -1), Asm.Bne(8, 0, -24), Asm.Ecall);
        machine.Hart.WriteRegister(6, Function);
        machine.Hart.WriteRegister(7, Asm.Addi(10, 0, 100));
        machine.Hart.WriteRegister(8, 3);
        machine.RunToIdle();
        Assert.Equal(201UL, machine.Hart.ReadRegister(11)); // 1, then twice 100
    }

    [Fact]
    public void A_store_into_the_executing_page_is_executed_after_FENCE_I()
    {
        using TestMachine machine = new();
        uint[] code = [Asm.Store(4, 7, 6, 12), Asm.FenceI, Asm.Nop, Asm.Addi(10, 10, 1), Asm.Ecall];
        machine.Write(Program, code);
        machine.Hart.WriteRegister(6, Program);
        for (int n = 1; n <= 5; n++)
        {
            machine.Restart(machine.Hart, Program);
            machine.Hart.WriteRegister(10, 0);
            machine.Hart.WriteRegister(7, Asm.Addi(10, 10, 100 * n));
            machine.RunToIdle();
            Assert.Equal(100UL * (ulong)n, machine.Hart.ReadRegister(10));
        }
    }

    [Fact]
    public void Code_written_by_DMA_is_executed()
    {
        using TestMachine machine = new();
        for (int n = 1; n <= 3; n++)
        {
            machine.Write(Program, Asm.Addi(10, 0, n), Asm.Ecall);
            machine.Restart(machine.Hart, Program);
            machine.RunToIdle();
            Assert.Equal((ulong)n, machine.Hart.ReadRegister(10));
        }
    }

    // Hart 0 rewrites a function; hart 1 is told to FENCE.I and must not execute an older version afterwards.
    [Fact]
    public void A_remote_FENCE_I_shows_code_written_by_another_hart()
    {
        using TestMachine machine = new(harts: 2);
        const ulong Function = Program + 0x1000;
        const ulong Caller = Program + 0x2000;
        Hart writer = machine.Harts[0];
        Hart runner = machine.Harts[1];
        machine.Write(Function, Asm.Addi(10, 0, 0), Asm.Ret);
        machine.Write(Program, Asm.Store(4, 7, 6, 0), Asm.Fence, Asm.Ecall);
        machine.Write(Caller, Asm.Jalr(1, 6, 0), Asm.Store(8, 10, 9, 0), Asm.Addi(8, 8, 1), Asm.Store(8, 8, 9, 8), Asm.Jal(0, -16));
        writer.WriteRegister(6, Function);
        runner.WriteRegister(6, Function);
        runner.WriteRegister(9, Data);
        runner.Pc = Caller;
        bool stop = false;
        Thread thread = new(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                runner.RunSlice(100_000);
            }
        });
        thread.Start();
        int rounds = 0;
        string? failure = null;
        long end = Environment.TickCount64 + 1000;

        // Each round leaves a discarded table and its blocks in the arena; nobody empties it here, so the rounds end well before it is full.
        while (failure is null && rounds < 5000 && (Environment.TickCount64 < end || (rounds < 20 && Environment.TickCount64 < end + 60_000)))
        {
            int value = 1 + (++rounds % 2000);
            machine.Restart(writer, Program);
            writer.WriteRegister(7, Asm.Addi(10, 0, value));
            machine.RunToIdle(writer);
            ulong ticket = runner.Post(hart => hart.FenceInstruction());
            SpinWait.SpinUntil(() => runner.IsDone(ticket));
            ulong count = machine.Read64(Data + 8);
            if (!SpinWait.SpinUntil(() => machine.Read64(Data + 8) > count + 1, 5000))
            {
                failure = "the runner stands still";
            }
            else if (machine.Read64(Data) != (ulong)value)
            {
                failure = $"round {rounds}: executed {machine.Read64(Data)}, written {value}";
            }
        }

        Volatile.Write(ref stop, true);
        thread.Join();
        Assert.Null(failure);
        Assert.InRange(rounds, 10, int.MaxValue);
    }

    [Fact]
    public void Random_programs_end_in_the_same_state_by_steps_by_blocks_and_in_one_run()
    {
        Random random = new(4711);
        for (int round = 0; round < 60; round++)
        {
            uint[] code = RandomProgram(random, 200);
            ulong[][] results = [.. Enumerable.Range(0, 3).Select(way => Execute(code, way))];
            Assert.Equal(results[0], results[1]);
            Assert.Equal(results[0], results[2]);
        }
    }

    [Fact]
    public void A_full_code_cache_is_emptied_and_execution_goes_on()
    {
        using TestMachine machine = new(cacheLimit: 40_000);
        const int Pages = 20;
        for (int i = 0; i < Pages; i++)
        {
            ulong at = Program + (0x1000 * (ulong)i);
            machine.Write(at, Asm.Addi(10, 10, 1), i == Pages - 1 ? Asm.Ecall : Asm.Jal(0, 0x1000 - 4));
        }

        int resets = 0;
        for (int run = 0; run < 3; run++)
        {
            machine.Restart(machine.Hart, Program);
            SliceEnd end;
            while ((end = machine.Hart.RunSlice(100_000)) == SliceEnd.CodeCacheFull)
            {
                machine.Code.Reset();
                resets++;
                Assert.InRange(resets, 1, 1000);
            }

            Assert.Equal(SliceEnd.Idle, end);
        }

        Assert.Equal(3UL * Pages, machine.Hart.ReadRegister(10));
        Assert.InRange(resets, 3, 1000);
    }

    [Fact]
    public void The_interpreter_allocates_nothing_in_its_steady_state()
    {
        using TestMachine machine = new();
        machine.Write(
            Program,
            Asm.Load(8, 5, 6, 0),
            Asm.Add(5, 5, 7),
            Asm.Store(8, 5, 6, 0),
            Asm.Load(4, 8, 6, 3), // misaligned: the slow path
            Asm.AmoAdd(8, 9, 6, 7),
            Asm.Jal(1, 0x1000 - 20), // to another page and back
            Asm.Jal(0, -24));
        machine.Write(Program + 0x1000, Asm.Addi(7, 7, 3), Asm.Ret);
        machine.Hart.WriteRegister(6, Data);
        machine.Hart.RunSlice(100_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        machine.Hart.RunSlice(10_000_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static uint[] RandomProgram(Random random, int length)
    {
        (uint Opcode, uint Funct3, uint Funct7)[] registers =
        [
            (0x33, 0, 0), (0x33, 0, 0x20), (0x33, 1, 0), (0x33, 2, 0), (0x33, 3, 0), (0x33, 4, 0), (0x33, 5, 0), (0x33, 5, 0x20), (0x33, 6, 0), (0x33, 7, 0),
            (0x3B, 0, 0), (0x3B, 0, 0x20), (0x3B, 1, 0), (0x3B, 5, 0), (0x3B, 5, 0x20), // the word forms
            (0x33, 0, 1), (0x33, 1, 1), (0x33, 4, 1), (0x33, 6, 1), (0x3B, 0, 1), (0x3B, 5, 1), // M
        ];
        uint[] code = new uint[length];
        for (int i = 0; i < length; i++)
        {
            int rd = random.Next(31);
            int rs1 = random.Next(31);
            int rs2 = random.Next(31);
            (uint opcode, uint funct3, uint funct7) = registers[random.Next(registers.Length)];
            code[i] = random.Next(8) switch
            {
                0 => Asm.Addi(rd, rs1, random.Next(-2048, 2048)),
                1 => Asm.Load(1 << random.Next(4), rd, 31, random.Next(-2048, 2040)),
                2 => Asm.Store(1 << random.Next(4), rs2, 31, random.Next(-2048, 2040)),
                3 when i + 4 < length => Asm.Bne(rs1, rs2, 4 * random.Next(1, 4)),
                4 => 0x17u | ((uint)rd << 7) | ((uint)random.Next(1 << 20) << 12), // auipc: depends on the place in the block
                _ => Asm.R(opcode, funct3, funct7, rd, rs1, rs2),
            };
        }

        return code;
    }

    private static ulong[] Execute(uint[] code, int way)
    {
        using TestMachine machine = new();
        Hart hart = machine.Hart;
        machine.Write(Program, [.. code, Asm.Ecall]);
        Random values = new(1);
        for (int i = 1; i < 31; i++)
        {
            hart.WriteRegister(i, (ulong)values.NextInt64() << values.Next(40));
        }

        hart.WriteRegister(31, Data + 0x1000); // accesses reach both sides of a page boundary
        int guard = 0;
        while (hart.Mcause == 0)
        {
            switch (way)
            {
                case 0:
                    hart.Step();
                    break;
                case 1:
                    hart.RunSlice(1);
                    break;
                default:
                    hart.RunSlice(100_000);
                    break;
            }

            Assert.True(++guard < 10_000);
        }

        List<ulong> state = [hart.Mepc, hart.Mcause];
        for (int i = 0; i < 32; i++)
        {
            state.Add(hart.ReadRegister(i));
        }

        for (ulong at = Data; at < Data + 0x2000; at += 8)
        {
            state.Add(machine.Read64(at));
        }

        return [.. state];
    }
}
