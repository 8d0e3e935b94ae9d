using System.Diagnostics;
using System.Globalization;
using CoveJit.Harts;
using CoveJit.Harts.State;
using CoveJit.Harts.Tests;
using CoveJit.Harts.Traps;
using CoveJit.Memory.Protection;
using CoveJit.Monitor.SupervisorDomains;
using CoveJit.Translator.X64;

namespace CoveJit.Monitor.Tests.SupervisorDomains;

/// <summary>
/// Two domains on two harts read and write the same pages as fast as they can, while these change hands at random. Each domain writes its own mark,
/// and must never read the other's. COVEJIT_DOMAIN_SECONDS makes it longer than the few seconds it usually takes.
/// </summary>
public sealed class DomainIsolationTests
{
    private const ulong Page = 0x1000;
    private const ulong Arena = TestMachine.Base + 0x80_0000;
    private const int ArenaPages = 64;
    private const ulong CodeOf0 = TestMachine.Base + 0x10_0000;
    private const ulong CodeOf1 = TestMachine.Base + 0x20_0000;
    private const ulong Violations = 27; // registers of the guest programs
    private const ulong Accesses = 26;
    private const ulong Faults = 25;

    // What the guests ask of the service under test, in a0.
    private const ulong Move = 1;
    private const ulong SwitchDomain = 2;
    private const uint TestExtension = 0x0900_0000;

    private static double Seconds =>
        double.TryParse(Environment.GetEnvironmentVariable("COVEJIT_DOMAIN_SECONDS"), CultureInfo.InvariantCulture, out double seconds) ? seconds : 1.5;

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Neither_domain_ever_reads_a_byte_of_the_other(bool native, bool switches)
    {
        using TestMachine machine = new(2, domains: MptLeaves.Largest);
        RootDomainManager domains = machine.Domains!;
        if (native)
        {
            _ = new NativeTranslator(machine.Code, 2, null, 0);
        }

        SupervisorDomain other = domains.Create("other")!;
        Assert.Equal(DomainError.None, domains.Assign(CodeOf1, Page, domains.Host, other));
        Assert.Equal(DomainError.None, domains.Assign(Arena, Page * ArenaPages / 2, domains.Host, other));
        WriteProgram(machine, CodeOf0, 0x0101_0101_0101_0101, switches);
        WriteProgram(machine, CodeOf1, 0x0202_0202_0202_0202, switches);
        machine.StartHart(1);
        Service service = new(machine, other);
        for (int id = 0; id < 2; id++)
        {
            Hart hart = machine.Harts[id];
            hart.MachineService = service;
            SupervisorContext context = other.Context(id);
            machine.Monitor.Prepare(context, hart);
            context.Pc = CodeOf1;
            hart.Pc = CodeOf0;
            hart.WriteRegister(8, 12345 + (ulong)id);
            context[8] = 54321 + (ulong)id;
        }

        // Hart 1 begins in the other domain.
        domains.Switch(machine.Harts[1], other);
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
        }))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        Random random = new(1);
        Stopwatch time = Stopwatch.StartNew();
        while (time.Elapsed.TotalSeconds < Seconds && failure is null)
        {
            service.MoveSomething(random, null);
        }

        stop.Cancel();
        foreach (Hart hart in machine.Harts)
        {
            hart.RaiseAttention(Attention.Stop);
        }

        Assert.All(threads, thread => Assert.True(thread.Join(TimeSpan.FromSeconds(30)), "a hart hangs"));
        Assert.Null(failure);
        Assert.Empty(domains.Verify());
        Assert.InRange(service.Moves, 10, long.MaxValue);
        for (int id = 0; id < 2; id++)
        {
            // Both domains on both harts, wherever they were last; with switches each was in each.
            Hart hart = machine.Harts[id];
            SupervisorDomain current = domains.Current(hart);
            SupervisorDomain elsewhere = current == other ? domains.Host : other;
            Check(register => hart.ReadRegister((int)register), $"hart {id}, {current}");
            if (switches)
            {
                Check(register => elsewhere.Context(id)[(int)register], $"hart {id}, {elsewhere}");
            }
        }
    }

    private static void Check(Func<ulong, ulong> register, string where)
    {
        Assert.True(register(Violations) == 0, $"{where}: read the other's mark");
        Assert.True(register(Accesses) > 100, $"{where}: {register(Accesses)} accesses");
        Assert.True(register(Faults) > 0, $"{where}: never refused");
    }

    // x8 random state, x9 the arena, x20 the mark; a load that is refused leaves zero in x5.
    private static void WriteProgram(TestMachine machine, ulong at, ulong mark, bool switches)
    {
        const ulong Handler = 0x800;
        const ulong Constants = 0xF00;
        List<uint> code =
        [
            Auipc(6), Asm.Addi(7, 6, 0x7FF), Asm.Addi(7, 7, 1), Asm.Csrrw(0, 0x105, 7), // stvec
            Asm.Load(8, 20, 7, 0x700), Asm.Load(8, 9, 7, 0x708),
        ];
        int loop = code.Count;
        code.AddRange(
        [
            Slli(5, 8, 13), Xor(8, 8, 5), Srli(5, 8, 7), Xor(8, 8, 5), Slli(5, 8, 17), Xor(8, 8, 5), // xorshift
            Slli(7, 8, 64 - 6), Srli(7, 7, 64 - 6 - 12), Asm.Add(7, 9, 7), // a page
            Srli(5, 8, 55), Slli(5, 5, 3), Asm.Add(7, 7, 5), // and a doubleword in it
            Asm.Addi(5, 0, 0), Asm.Load(8, 5, 7, 0),
            Beq(5, 0, 12), // empty
            Beq(5, 20, 8), // our own
            Asm.Addi((int)Violations, (int)Violations, 1),
            Asm.Store(8, 20, 7, 0), Asm.Addi((int)Accesses, (int)Accesses, 1),
            Srli(5, 8, 20), Slli(5, 5, 64 - 9), Beq(5, 0, 8), // now and then ask for something
        ]);
        code.Add(Asm.Jal(0, (loop - code.Count) * 4));
        code.AddRange([Lui(17, TestExtension), Asm.Addi(10, 0, (int)Move), Asm.Ecall]);
        code.AddRange(switches ? [Asm.Addi(10, 0, (int)SwitchDomain), Asm.Ecall] : []);
        code.Add(Asm.Jal(0, (loop - code.Count) * 4));
        machine.WriteCode(at, [.. code]);
        machine.WriteCode(
            at + Handler, // over the instruction
            Asm.Addi((int)Faults, (int)Faults, 1), Asm.Csrrs(31, 0x141, 0), Asm.Addi(31, 31, 4), Asm.Csrrw(0, 0x141, 31), Asm.Sret);
        machine.Write(at + Constants, mark);
        machine.Write(at + Constants + 8, Arena);
    }

    private static uint Auipc(uint rd) => 0x17 | (rd << 7);

    private static uint Lui(uint rd, uint value) => 0x37 | (rd << 7) | (value & 0xFFFF_F000);

    private static uint Slli(int rd, int rs1, int shift) => Asm.I(0x13, 1, rd, rs1, shift);

    private static uint Srli(int rd, int rs1, int shift) => Asm.I(0x13, 5, rd, rs1, shift);

    private static uint Xor(int rd, int rs1, int rs2) => Asm.R(0x33, 4, 0, rd, rs1, rs2);

    private static uint Beq(int rs1, int rs2, int offset) => Asm.Bne(rs1, rs2, offset) & ~(1u << 12);

    /// <summary>The firmware, with two calls more: move some pages of the arena, and go to the other domain.</summary>
    private sealed class Service(TestMachine machine, SupervisorDomain other) : ITrapService
    {
        private readonly Random[] _random = [new(10), new(11)];
        private long _moves;

        public long Moves => Volatile.Read(ref _moves);

        public TrapAction Handle(Hart hart, in Trap trap)
        {
            if (trap.IsInterrupt || trap.Cause != (uint)TrapCause.EcallFromS || hart.ReadRegister(17) != TestExtension)
            {
                return machine.Monitor.Handle(hart, trap);
            }

            hart.Pc += 4;
            if (hart.ReadRegister(10) == Move)
            {
                MoveSomething(_random[hart.Id], hart);
            }
            else
            {
                RootDomainManager domains = machine.Domains!;
                domains.Switch(hart, domains.Current(hart) == other ? domains.Host : other);
            }

            return TrapAction.Resume;
        }

        public void MoveSomething(Random random, Hart? caller)
        {
            RootDomainManager domains = machine.Domains!;
            int count = random.Next(1, 9);
            ulong start = Arena + (Page * (ulong)random.Next(0, ArenaPages - count + 1));
            bool own = domains.Owner(start).Owner == other.Sdid;
            DomainError error = domains.Assign(start, Page * (ulong)count, own ? other : domains.Host, own ? domains.Host : other, MptPermissions.All, caller);
            if (error == DomainError.None)
            {
                Interlocked.Increment(ref _moves);
            }
        }
    }
}
