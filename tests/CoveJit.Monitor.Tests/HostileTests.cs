using System.Diagnostics;
using CoveJit.Harts;
using CoveJit.Harts.State;
using CoveJit.Harts.Traps;
using CoveJit.Monitor.Sbi;

namespace CoveJit.Monitor.Tests;

/// <summary>What a guest may do to the firmware at will.</summary>
public sealed class HostileTests
{
    private static readonly ulong[] Interesting =
    [
        0, 1, 2, 3, 4, 7, 8, 15, 16, 63, 64, 0xFF, 0xFFF, 0x1000, 0x10019, 0xF0005, 0x20000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1UL << 32, 1UL << 63,
        ulong.MaxValue, ulong.MaxValue - 1, ulong.MaxValue - 0xFFF, 0x1000_0000, TestMachine.Base, TestMachine.Data, TestMachine.Data + 1,
        TestMachine.End - 16, TestMachine.End - 1, TestMachine.End, TestMachine.Base - 1, TestMachine.Size, TestMachine.Size / 16,
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Random_calls_never_throw_never_hang_and_touch_no_register_but_a0_and_a1(int seed)
    {
        using TestMachine machine = new(4);
        Random random = new(seed);
        SbiFunction[] functions = [.. machine.Monitor.Functions];
        for (int round = 0; round < 100_000; round++)
        {
            Hart? hart = machine.Harts.FirstOrDefault(h => !h.Halted && !h.IsWaiting);
            if (hart is null)
            {
                foreach (Hart each in machine.Harts)
                {
                    each.Reset(0);
                    each.Halted = true;
                }

                machine.Monitor.Boot(0, TestMachine.Base, 0);
                hart = machine.Hart0;
            }

            SbiFunction function = functions[random.Next(functions.Length)];
            ulong extension = random.Next(20) == 0 ? Any(random) : function.Extension;
            ulong number = random.Next(20) == 0 ? Any(random) : function.Function;
            ulong[] arguments = [.. Enumerable.Range(0, 6).Select(_ => Any(random))];
            machine.WriteCode(TestMachine.Base, 0x73, 0x13);
            TestMachine.CallOn(hart, extension, number, arguments);
            if (!hart.Halted && !hart.IsWaiting)
            {
                for (int i = 2; i < 6; i++)
                {
                    Assert.Equal(arguments[i], hart.ReadRegister(10 + i));
                }
            }

            foreach (Hart other in machine.Harts)
            {
                other.RunSlice(1); // serves what was posted
            }
        }
    }

    [Fact]
    public void Two_harts_that_fence_and_interrupt_each_other_do_not_deadlock()
    {
        const uint A0 = 10, A1 = 11, A2 = 12, A3 = 13, A6 = 16, A7 = 17, S0 = 8, S1 = 9, S2 = 18;
        using TestMachine machine = new();
        Hart other = machine.StartHart(1);
        const ulong Loop = TestMachine.Base + 0x2000;
        uint[] fence = [AddImmediate(A0, 0, 3), AddImmediate(A1, 0, 0), AddImmediate(A2, 0, 0), AddImmediate(A3, 0, 0), AddImmediate(A7, S0, 0), AddImmediate(A6, 0, 1), 0x73];
        uint[] fenceCode = [AddImmediate(A0, 0, 3), AddImmediate(A6, 0, 0), 0x73];
        uint[] interrupt = [AddImmediate(A0, 0, -1), AddImmediate(A1, 0, -1), AddImmediate(A7, S1, 0), 0x73, 0x14417073 /* csrci sip, 2 */, AddImmediate(S2, S2, 1)];
        uint[] body = [.. fence, .. fenceCode, .. interrupt];
        machine.WriteCode(Loop, [.. body, JumpBack(body.Length)]);
        foreach (Hart hart in machine.Harts)
        {
            hart.WriteRegister((int)S0, Eid.Rfence);
            hart.WriteRegister((int)S1, Eid.Ipi);
            hart.WriteRegister((int)S2, 0);
            hart.Pc = Loop;
        }

        using CancellationTokenSource stop = new();
        Exception? failure = null;
        Thread[] threads = [.. machine.Harts.Select(hart => new Thread(() =>
        {
            try
            {
                while (!stop.IsCancellationRequested)
                {
                    hart.RunSlice(1_000_000);
                }
            }
            catch (Exception e)
            {
                failure = e;
            }
        }) { IsBackground = true })];
        Array.ForEach(threads, thread => thread.Start());
        Stopwatch time = Stopwatch.StartNew();
        while (time.ElapsedMilliseconds < 1000
            || (time.ElapsedMilliseconds < 60_000 && Array.Exists([.. machine.Harts], hart => hart.ReadRegister((int)S2) <= 100))) // a busy host
        {
            Thread.Sleep(10);
        }

        stop.Cancel();
        foreach (Hart hart in machine.Harts)
        {
            hart.RaiseAttention(Attention.Stop);
        }

        Assert.All(threads, thread => Assert.True(thread.Join(TimeSpan.FromSeconds(30))));
        Assert.Null(failure);
        Assert.All(machine.Harts, hart => Assert.True(hart.ReadRegister((int)S2) > 100));
        Assert.Equal(0UL, other.TrapCounts[(int)TrapCause.IllegalInstruction]);
    }

    private static ulong Any(Random random) => random.Next(4) switch
    {
        0 => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
        1 => (ulong)random.Next(32),
        _ => Interesting[random.Next(Interesting.Length)],
    };

    private static uint AddImmediate(uint rd, uint rs, int immediate) => ((uint)immediate << 20) | (rs << 15) | (rd << 7) | 0x13;

    // jal x0, -4 * instructions
    private static uint JumpBack(int instructions)
    {
        uint offset = (uint)(-4 * instructions);
        return ((offset >> 20) & 1) << 31 | ((offset >> 1) & 0x3FF) << 21 | ((offset >> 11) & 1) << 20 | ((offset >> 12) & 0xFF) << 12 | 0x6F;
    }
}
