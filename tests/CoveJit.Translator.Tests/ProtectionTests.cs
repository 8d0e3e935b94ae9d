using System.Globalization;
using CoveJit.Harts;
using CoveJit.Harts.Tests;
using CoveJit.Harts.Tests.Protection;
using CoveJit.Isa;
using CoveJit.Translator.Tests.Support;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Translator.Tests;

/// <summary>
/// Random accesses through random page tables, PMP and memory protection tables, made by a guest program: what each load, store and AMO comes to,
/// against the model. The program runs in M-mode, with MPRV around the accesses; it goes through its list several times, so that its code is translated.
/// COVEJIT_PROTECTION_CASES sets how many accesses each tier makes.
/// </summary>
public abstract class ProtectionTests
{
    private const int Accesses = 96; // in a list, which is gone through so often:
    private const int Passes = 4;
    private const int Modes = 6;
    private const ulong List = Data;
    private const ulong Log = Data + 0x1_0000;
    private const ulong TrapMark = 1UL << 63;
    private const ulong Nowhere = 0x5555_5555_5555_5550; // not canonical, and no memory

    private static int Worlds =>
        int.TryParse(Environment.GetEnvironmentVariable("COVEJIT_PROTECTION_CASES"), CultureInfo.InvariantCulture, out int cases) ? Math.Max(1, cases / (Modes * Accesses * Passes)) : 12;

    [Fact]
    public void A_guest_programs_accesses_end_as_the_model_says()
    {
        Random random = new(7);
        using TestMachine machine = new();
        using TestTier? tier = Attach(machine);
        ProtectionWorld world = new(machine, random);
        (ulong start, ulong end) = WriteProgram(machine);
        int faults = 0;
        for (int round = 0; round < Worlds * Modes; round++)
        {
            if (round % Modes == 0)
            {
                world.Make();
            }

            world.ChangeMode();
            (ulong Address, ulong Value, char Type)[] list = [.. Enumerable.Range(0, Accesses).Select(i => (world.RandomAddress(8) & ~7UL, 0UL, "rrwa"[i % 4]))];
            for (int i = 0; i < list.Length; i++)
            {
                // A store must change no table: it writes what is there, or goes where nothing is mapped.
                if (list[i].Type == 'w' && world.Model.Access(list[i].Address, 8, 'w') is { Cause: 0 } outcome)
                {
                    list[i] = ProtectionWorld.IsData(outcome.Physical) ? (list[i].Address, world.Read(outcome.Physical), 'w') : (Nowhere, 0, 'w');
                }

                machine.Write64(List + (16 * (ulong)i), list[i].Address);
                machine.Write64(List + (16 * (ulong)i) + 8, list[i].Value);
            }

            List<ulong> expected = [];
            for (int n = 0; n < Accesses * Passes; n++)
            {
                (ulong address, ulong value, char type) = list[n % Accesses];
                Outcome outcome = world.Model.Access(address, 8, type == 'r' ? 'r' : 'w');
                world.Apply();
                expected.Add(outcome.Cause != 0 ? TrapMark + (ulong)outcome.Cause : type == 'w' ? value : world.Read(outcome.Physical));
                faults += outcome.Cause != 0 ? 1 : 0;
            }

            Run(machine, world, start, end);
            for (int n = 0; n < expected.Count; n++)
            {
                ulong actual = machine.Read64(Log + (8 * (ulong)n));
                Assert.True(expected[n] == actual, $"round {round}, access {n} ('{list[n % Accesses].Type}' at {list[n % Accesses].Address:x}): model {expected[n]:x}, program {actual:x}");
            }

            world.AssertMemory();
        }

        Assert.InRange(faults, Worlds * Modes, Worlds * Modes * Accesses * Passes / 8 * 7);
        Assert.True(tier is null || tier.Translations > 0);
    }

    /// <summary>The tier under test, or null for the interpreter.</summary>
    private protected abstract TestTier? Attach(TestMachine machine);

    private static void Run(TestMachine machine, ProtectionWorld world, ulong start, ulong end)
    {
        Hart hart = machine.Hart;
        hart.Pc = start;
        hart.WriteRegister(9, List + (16 * Accesses));
        hart.WriteRegister(20, Log);
        hart.WriteRegister(21, Passes);
        hart.WriteRegister(22, world.Status);
        hart.WriteRegister(23, 0x1800);
        while (hart.Pc != end)
        {
            Assert.Equal(SliceEnd.Budget, hart.RunSlice(1000));
        }
    }

    // x21 passes over the list from x8 to x9; four accesses at a time under mstatus x22, the rest under x23; x20 the log.
    private static (ulong Start, ulong End) WriteProgram(TestMachine machine)
    {
        Code code = new(Program);
        Code.Label pass = code.Mark();
        code.Add(Op.Lui, 8, imm: unchecked((int)List));
        code.Add(Op.Slli, 8, 8, imm: 32);
        code.Add(Op.Srli, 8, 8, imm: 32);
        Code.Label loop = code.Mark();
        for (int i = 0; i < 4; i++)
        {
            code.Add(Asm.Load(8, 10 + i, 8, 16 * i));
        }

        code.Add(Asm.Load(8, 16, 8, 40)); // the third one's value
        code.Add(Asm.Addi(8, 8, 64));
        code.Add(Asm.Csrrw(0, 0x300, 22));
        code.Add(Asm.Load(8, 5, 10, 0));
        code.Add(Asm.Load(8, 6, 11, 0));
        code.Add(Asm.Addi(7, 16, 0));
        code.Add(Asm.Store(8, 16, 12, 0));
        code.Add(Op.AmoorD, 15, 13, 0);
        code.Add(Asm.Csrrw(0, 0x300, 23));
        foreach ((int register, int offset) in new[] { (5, 0), (6, 8), (7, 16), (15, 24) })
        {
            code.Add(Asm.Store(8, register, 20, offset));
        }

        code.Add(Asm.Addi(20, 20, 32));
        code.Go(Op.Bne, loop, 8, 9);
        code.Add(Asm.Addi(21, 21, -1));
        code.Go(Op.Bne, pass, 21, 0);
        ulong end = code.AddEnd();
        code.Write(machine);

        // rd of a load or AMO is written with the cause; a store's is x7. Then on, without MRET: MPP is to stay what it is.
        Code handler = new(MachineHandler);
        handler.Add(Asm.Csrrw(0, 0x300, 23));
        handler.Add(Asm.Csrrs(29, 0x341, 0));
        handler.Add(Asm.Load(4, 30, 29, 0));
        handler.Add(Asm.Addi(29, 29, 4));
        handler.Add(Asm.Csrrs(31, 0x342, 0));
        handler.Add(Asm.Addi(28, 0, 1));
        handler.Add(Op.Slli, 28, 28, imm: 63);
        handler.Add(Op.Or, 31, 31, 28);
        handler.Add(Op.Srli, 30, 30, imm: 7);
        handler.Add(Op.Andi, 30, 30, imm: 31);
        Code.Label next = new();
        foreach (int register in new[] { 5, 6, 15 })
        {
            Code.Label other = new();
            handler.Add(Asm.Addi(28, 0, register));
            handler.Go(Op.Bne, other, 30, 28);
            handler.Add(Asm.Addi(register, 31, 0));
            handler.Go(Op.Jal, next);
            handler.Mark(other);
        }

        handler.Add(Asm.Addi(7, 31, 0));
        handler.Mark(next);
        handler.Add(Asm.Csrrw(0, 0x300, 22));
        handler.Add(Asm.Jalr(0, 29, 0));
        handler.Write(machine);
        return (Program, end);
    }
}
