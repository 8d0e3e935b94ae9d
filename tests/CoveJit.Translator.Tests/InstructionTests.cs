using CoveJit.Harts.Tests;
using CoveJit.Isa;
using CoveJit.Translator.Tests.Support;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Translator.Tests;

/// <summary>Every integer operation, load, store, atomic and branch in a hot loop, over a table of operands, against the interpreter.</summary>
public abstract class InstructionTests
{
    private const ulong Operands = Base + 0x30_0000;
    private const ulong Results = Base + 0x40_0000;

    // x28 and x29 are the trap handler's, x30 counts traps and x31 mixes what it saw of them.
    private static readonly uint[] SteppingHandler =
    [
        Asm.Csrrs(28, 0x341, 0), // mepc
        Asm.Add(31, 31, 28),
        Asm.Addi(28, 28, 4),
        Asm.Csrrw(0, 0x341, 28),
        Asm.Csrrs(28, 0x342, 0), // mcause
        Code.Encode(Op.Slli, 29, 31, imm: 5),
        Code.Encode(Op.Xor, 31, 31, 29),
        Asm.Add(31, 31, 28),
        Asm.Csrrs(28, 0x343, 0), // mtval
        Asm.Add(31, 31, 28),
        Asm.Addi(30, 30, 1),
        Asm.Mret,
    ];

    private static readonly ulong[] Integers =
    [
        0, 1, 2, 3, 31, 32, 63, 64, ulong.MaxValue, ulong.MaxValue - 1, 0x8000_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000, 0x7FFF_FFFF, 0xFFFF_FFFF,
        0xFFFF_FFFF_8000_0000, 0x1_0000_0000, 0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, 0x00FF_00FF_8080_7F01,
    ];

    public static TheoryData<Op> Computations => [.. Instructions.OfKind(OpKind.Alu).Where(op => !OpInfo.UsesFloat(op))];

    public static TheoryData<Op> Branches => [.. Instructions.OfKind(OpKind.Branch)];

    public static TheoryData<Op> Accesses => [.. Instructions.OfKind(OpKind.Load).Concat(Instructions.OfKind(OpKind.Store)).Concat(Instructions.OfKind(OpKind.Amo))];

    [Theory]
    [MemberData(nameof(Computations))]
    public void A_computation_gives_what_the_interpreter_gives(Op op)
    {
        List<Action<Code, int>> variants =
        [
            (code, rd) => code.Add(op, rd, 5, 6),
            (code, rd) => code.Add(op, rd, 5, 5),
            (code, rd) => code.Add(op, rd, 0, 6),
            (code, rd) => code.Add(op, rd, 5, 0),
            (code, _) => code.Add(op, 0, 5, 6),
            (code, rd) =>
            {
                code.Add(Op.Addi, rd, 5);
                code.Add(op, rd, rd, 6);
            },
            (code, rd) =>
            {
                code.Add(Op.Addi, rd, 6);
                code.Add(op, rd, 5, rd);
            },
        ];
        foreach (string field in (string[])["imm", "uimm", "shamt", "bs"])
        {
            if (Instructions.Has(op, field))
            {
                int width = Instructions.Width(op, field);
                foreach (int imm in (int[])[1, (int)((1L << (width - 1)) - 1), (int)(1L << (width - 1)), -1, 0x1234_5678])
                {
                    variants.Add((code, rd) => code.Add(op, rd, 5, 6, imm));
                }
            }
        }

        if (Instructions.Has(op, "rnum"))
        {
            variants.AddRange(Enumerable.Range(1, 10).Select(rnum => (Action<Code, int>)((code, rd) => code.Add(op, rd, 5, 6, rnum))));
        }

        Assert.InRange(variants.Count, 1, 17);
        Code code = new(Program);
        Code.Label loop = code.Mark();
        code.Add(Asm.Load(8, 5, 8, 0));
        code.Add(Asm.Load(8, 6, 8, 8));
        for (int i = 0; i < variants.Count; i++)
        {
            variants[i](code, 11 + i);
        }

        for (int i = 0; i < variants.Count; i++)
        {
            code.Add(Asm.Store(8, 11 + i, 9, 8 * i));
        }

        code.Add(Asm.Addi(9, 9, 8 * variants.Count));
        RunOverOperands(op, code, loop, Pairs(Integers, Integers));
    }

    [Theory]
    [MemberData(nameof(Branches))]
    public void A_branch_goes_where_the_interpreter_goes(Op op)
    {
        Code code = new(Program);
        Code.Label loop = code.Mark();
        code.Add(Asm.Load(8, 5, 8, 0));
        code.Add(Asm.Load(8, 6, 8, 8));
        code.Add(Asm.Addi(11, 0, 0));
        foreach ((int rs1, int rs2) in ((int, int)[])[(5, 6), (6, 5), (5, 5), (5, 0), (0, 6)])
        {
            Code.Label over = new();
            code.Go(op, over, rs1, rs2);
            code.Add(Asm.Addi(11, 11, 1));
            code.Mark(over);
            code.Add(Op.Slli, 11, 11, imm: 2);
        }

        code.Add(Asm.Store(8, 11, 9, 0));
        code.Add(Asm.Addi(9, 9, 8));
        RunOverOperands(op, code, loop, Pairs(Integers, Integers));
    }

    // Aligned and misaligned, within a page and across two, in RAM, in a device and nowhere: the trap handler steps over what faults.
    [Theory]
    [MemberData(nameof(Accesses))]
    public void An_access_does_what_the_interpreter_does(Op op)
    {
        ulong[] addresses =
        [
            Data, Data + 8, Data + 16, Data + 0x7F8, Data + 0xFF8, Data + 0x1000, Data + 0x10, Data + 0x20, Data + 0x28,
            Data + 1, Data + 2, Data + 3, Data + 4, Data + 5, Data + 7, Data + 0xFF9, Data + 0xFFC, Data + 0xFFE, Data + 0xFFF,
            Device, Device + 4, Device + 1, 0x123, Base - 4, ulong.MaxValue, ulong.MaxValue - 7, Base + 0x7F_FFF8, Base + 0x7F_FFFC, Base + 0x80_0000,
        ];
        Code code = new(Program);
        Code.Label loop = code.Mark();
        code.Add(Asm.Load(8, 5, 8, 0));
        code.Add(Asm.Load(8, 6, 8, 8));
        code.Add(Op.FmvDX, 6, 6);
        bool hasOffset = Instructions.Has(op, "imm");
        List<(int Offset, int Rd)> accesses = [(0, 7), (0, 0)];
        if (hasOffset)
        {
            accesses.AddRange([(8, 13), (-8, 14), (2047, 15), (-2048, 16)]);
        }

        foreach ((int offset, int rd) in accesses)
        {
            code.Add(op, rd, 5, 6, offset);
        }

        if (OpInfo.WritesRd(op))
        {
            code.Add(Asm.Addi(17, 5, 0));
            code.Add(op, 17, 17, 6); // the address is overwritten
            code.Add(Asm.Addi(18, 6, 0));
            code.Add(op, 18, 5, 18);
        }

        foreach ((_, int rd) in accesses)
        {
            code.Add(Asm.Store(8, rd, 9, 0));
            code.Add(Op.Fsd, 0, 9, rd, 8);
            code.Add(Asm.Addi(9, 9, 16));
        }

        code.Add(Asm.Store(8, 17, 9, 0));
        code.Add(Asm.Store(8, 18, 9, 8));
        code.Add(Asm.Addi(9, 9, 16));
        RunOverOperands(op, code, loop, Pairs(addresses, [0, ulong.MaxValue, 0x0123_4567_89AB_CDEF, 0x8080_8080_8080_8080]));
    }

    [Fact]
    public void JALR_ignores_bit_0_and_may_overwrite_its_own_target_register()
    {
        Code code = new(Program);
        Code.Label loop = code.Mark();
        code.Add(Asm.Load(8, 5, 8, 0));
        code.Add(Asm.Load(8, 6, 8, 8));
        code.Add(Op.Auipc, 7);
        code.Add(Op.Andi, 11, 6, imm: 1);
        code.Add(Asm.Add(7, 7, 11));
        code.Add(Asm.Jalr(7, 7, 20)); // to the second instruction behind it, odd or even
        code.Add(Asm.Addi(12, 12, 1));
        code.Add(Asm.Store(8, 7, 9, 0));
        code.Add(Asm.Store(8, 12, 9, 8));
        code.Add(Asm.Addi(9, 9, 16));
        RunOverOperands(Op.Jalr, code, loop, Pairs(Integers, Integers));
    }

    /// <summary>Attaches the tier under test.</summary>
    private protected abstract TestTier Attach(TestMachine machine);

    private static List<ulong[]> Pairs(ulong[] first, ulong[] second) => [.. first.SelectMany(a => second.Select(b => (ulong[])[a, b]))];

    // The loop goes on until x8 is x10. The second run meets every operand in translated code.
    private void RunOverOperands(Op op, Code code, Code.Label loop, List<ulong[]> tuples)
    {
        code.Add(Asm.Addi(8, 8, 8 * tuples[0].Length));
        Code.Label end = new();
        code.Go(Op.Beq, end, 8, 10);
        code.Go(Op.Jal, loop);
        code.Mark(end);
        ulong stop = code.AddEnd();
        using Twin twin = new(Attach);
        ulong[] flat = [.. tuples.SelectMany(tuple => tuple)];
        for (int run = 0; run < 2; run++)
        {
            twin.Both(machine =>
            {
                if (run == 0)
                {
                    code.Write(machine);
                    machine.Write(MachineHandler, SteppingHandler);
                    for (int i = 0; i < flat.Length; i++)
                    {
                        machine.Write64(Operands + (8 * (ulong)i), flat[i]);
                    }
                }

                machine.Prepare(machine.Hart);
                machine.Hart.WriteMstatus(1UL << 13, 3UL << 13);
                machine.Hart.WriteRegister(8, Operands);
                machine.Hart.WriteRegister(9, Results);
                machine.Hart.WriteRegister(10, Operands + (8 * (ulong)flat.Length));
            });
            twin.Run(stop, 1_000_000, $"{op}, run {run}");
        }

        Assert.True(twin.Tier.Translates(twin.Translating.Hart, loop.Address!.Value, op), $"{op} is not translated");
        Assert.InRange(twin.Tier.Translations, 1, int.MaxValue);
    }
}
