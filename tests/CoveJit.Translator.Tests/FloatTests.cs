using CoveJit.Harts.Tests;
using CoveJit.Isa;
using CoveJit.Translator.Emission;
using CoveJit.Translator.Tests.Support;
using static CoveJit.Harts.Tests.TestMachine;

namespace CoveJit.Translator.Tests;

/// <summary>Floating point in hot loops: results, exact fflags, the dirtiness of mstatus.FS, under all rounding modes.</summary>
public abstract class FloatTests
{
    private const ulong Operands = Base + 0x30_0000;
    private const ulong Results = Base + 0x40_0000;
    private const uint Fflags = 0x001;
    private const uint Fcsr = 0x003;
    private const ulong Boxed = 0xFFFF_FFFF_0000_0000;

    // FS = Initial: the first write of floating-point state makes it Dirty.
    private const ulong FsInitial = 1UL << 13;
    private const ulong FsField = 3UL << 13;

    private static readonly ulong[] Doubles =
    [
        0, 0x8000_0000_0000_0000, // zeros
        0x3FF0_0000_0000_0000, 0xBFF0_0000_0000_0000, 0x3FF0_0000_0000_0001, // 1, -1, just above 1
        0x3FE0_0000_0000_0000, 0xBFE0_0000_0000_0000, 0x3FDF_FFFF_FFFF_FFFF, 0xBFEF_FFFF_FFFF_FFFF, // halves and just below, just above -1
        0x4004_0000_0000_0000, 0xC00C_0000_0000_0000, // 2.5, -3.5
        0x3FD5_5555_5555_5555, 0x4014_CCCC_CCCC_CCCD, // 1/3, 5.2
        0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000, // infinities
        0x7FF8_0000_0000_0000, 0xFFF8_0000_0000_0123, 0x7FF0_0000_0000_0001, 0xFFF7_FFFF_FFFF_FFFF, // quiet and signaling NaNs
        1, 0x8000_0000_0000_0001, 0x000F_FFFF_FFFF_FFFF, 0x0010_0000_0000_0000, 0x0010_0000_0000_0001, 0x001F_FFFF_FFFF_FFFF, // around the least normal
        0x7FEF_FFFF_FFFF_FFFF, 0xFFEF_FFFF_FFFF_FFFF, // greatest
        0x41DF_FFFF_FFC0_0000, 0x41DF_FFFF_FFE0_0000, 0x41E0_0000_0000_0000, 0xC1E0_0000_0000_0000, 0xC1E0_0000_0010_0000, // around 2^31
        0x41EF_FFFF_FFE0_0000, 0x41EF_FFFF_FFF0_0000, 0x41F0_0000_0000_0000, // around 2^32
        0x43DF_FFFF_FFFF_FFFF, 0x43E0_0000_0000_0000, 0xC3E0_0000_0000_0000, 0xC3E0_0000_0000_0001, 0x43EF_FFFF_FFFF_FFFF, 0x43F0_0000_0000_0000, // 2^63, 2^64
        0x3810_0000_0000_0000, 0x380F_FFFF_FFFF_FFFF, 0x36A0_0000_0000_0000, 0x47EF_FFFF_E000_0000, 0x47EF_FFFF_F000_0000, // where narrowing under- and overflows
    ];

    private static readonly ulong[] Singles =
    [
        .. ((uint[])
        [
            0, 0x8000_0000, 0x3F80_0000, 0xBF80_0000, 0x3F80_0001, 0x3F00_0000, 0xBF00_0000, 0x3EFF_FFFF, 0xBF7F_FFFF, 0x4020_0000, 0xC060_0000,
            0x3EAA_AAAB, 0x40A6_6666, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFC0_0123, 0x7F80_0001, 0xFFBF_FFFF,
            1, 0x8000_0001, 0x007F_FFFF, 0x0080_0000, 0x0080_0001, 0x00FF_FFFF, 0x7F7F_FFFF, 0xFF7F_FFFF,
            0x4EFF_FFFF, 0x4F00_0000, 0xCF00_0000, 0xCF00_0001, 0x4F7F_FFFF, 0x4F80_0000, 0x5EFF_FFFF, 0x5F00_0000, 0xDF00_0000, 0xDF00_0001, 0x5F7F_FFFF, 0x5F80_0000,
            0x3380_0000, 0x387F_FFFF, 0x477F_E000, 0x477F_F000,
        ]).Select(bits => Boxed | bits),
        0x3F80_0000, 0xFFFF_FFFE_3F80_0000, 0x7FFF_FFFF_7F80_0001, // not NaN-boxed
    ];

    private static readonly ulong[] Halves = [.. ((ushort[])[0, 0x8000, 0x3C00, 0xBC01, 0x3555, 0x7C00, 0xFC00, 0x7E00, 0x7C01, 1, 0x3FF, 0x400, 0x7BFF]).Select(bits => 0xFFFF_FFFF_FFFF_0000 | bits), 0x3C00];

    private static readonly ulong[] Integers =
    [
        0, 1, ulong.MaxValue, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFFF_8000_0000, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0x8000_0000_0000_0001,
        0x0100_0001, 0x0100_0003, 0x0020_0000_0000_0001, 0x0020_0000_0000_0003, 0x7FFF_FFFF_FFFF_FDFF, 0xFFFF_FFFF_FFFF_F7FF, 0x7FFF_FF40_0000_0001,
        0x0020_0000_2000_0001, 0x3F80_0000, 0x4004_0000_0000_0000, // 2^53 and a bit: rounding twice goes the other way
    ];

    private static readonly Op[] All = [.. Instructions.OfKind(OpKind.Alu).Where(OpInfo.UsesFloat)];

    public static TheoryData<Op> Operations => [.. All];

    // All ways in which the operation may round.
    public static TheoryData<Op, int> RoundingOperations
    {
        get
        {
            TheoryData<Op, int> data = [];
            foreach (Op op in All)
            {
                foreach (int rm in OpInfo.HasRm(op) ? (int[])[0, 1, 2, 3, 4, 7] : [0])
                {
                    data.Add(op, rm);
                }
            }

            return data;
        }
    }

    // For each tuple of operands: flags cleared, a loop of three turns, result and flags stored. The inner loop becomes a region.
    [Theory]
    [MemberData(nameof(RoundingOperations))]
    public void Results_and_flags_are_the_interpreters(Op op, int rm)
    {
        // The other modes are the interpreter's: a few operands show that they get there.
        List<ulong[]> tuples = [.. Tuples(op).Where((_, index) => rm is 0 or 1 or 7 || index % 16 == 0)];
        Code code = new(Program);
        Code.Label loop = code.Mark();
        code.Add(Op.Fld, 1, 8, imm: 0);
        code.Add(Op.Fld, 2, 8, imm: 8);
        code.Add(Op.Fld, 3, 8, imm: 16);
        code.Add(Asm.Load(8, 5, 8, 0));
        code.Add(Asm.Addi(8, 8, 24));
        code.Add(Asm.Csrrw(0, Fflags, 0));
        code.Add(Asm.Addi(12, 0, 3));
        Code.Label inner = code.Mark();
        AddOperation(code, op, rm, 7);
        code.Add(Asm.Addi(12, 12, -1));
        code.Go(Op.Bne, inner, 12);
        StoreAll(code, 7, 4);
        code.Add(Asm.Csrrs(11, Fflags, 0));
        code.Add(Asm.Store(8, 11, 9, 16));
        code.Add(Asm.Addi(9, 9, 24));
        Code.Label end = new();
        code.Go(Op.Beq, end, 8, 10);
        code.Go(Op.Jal, loop);
        code.Mark(end);
        ulong stop = code.AddEnd();
        using Twin twin = new(Attach);
        for (int run = 0; run < (rm == 7 ? 6 : 2); run++)
        {
            // Hot under round-to-nearest-even, then the other modes.
            Start(twin, code, tuples, run, frm: rm == 7 ? Math.Max(0, run - 1) : 0);
            twin.Run(stop, 10_000_000, $"{op}, rm {rm}, run {run}");
        }

        DecodedInstruction instruction = Decoder.Decode(Code.Encode(op, rm: rm), ExtensionSet.All);
        bool translatable = !OpInfo.RaisesFloatFlags(op) || FloatOperation.Of(instruction) is not null;
        Assert.True(!translatable || twin.Tier.Translates(twin.Translating.Hart, inner.Address!.Value, op));
    }

    // Nobody looks at the result, or it is overwritten at once, or the operands are constants: the flags are raised all the same.
    [Theory]
    [MemberData(nameof(Operations))]
    public void Flags_are_raised_whatever_becomes_of_the_result(Op op)
    {
        List<ulong[]> tuples = Tuples(op);
        int stride = Math.Max(1, tuples.Count / 200);
        foreach (int variant in Enumerable.Range(0, 3))
        {
            Code code = new(Program);
            Code.Label loop = code.Mark();
            AddOperation(code, op, 0, variant == 1 ? 0 : 7);
            if (variant == 2)
            {
                code.Add(Asm.Addi(7, 5, 1));
                code.Add(Op.FsgnjD, 4, 2, 2);
            }

            code.Add(Asm.Addi(12, 12, -1));
            code.Go(Op.Bne, loop, 12);
            ulong stop = code.AddEnd();
            RunBare(op, code, stop, [tuples[0], .. tuples.Where((_, index) => index % stride == 0)], $"variant {variant}");
        }
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void Constant_operands_raise_flags_too(Op op)
    {
        // Bits of operands by their immediates: LUI, ADDI and a shift.
        foreach ((int high, int low, int shift) in ((int, int, int)[])[(0x3EAA_B000, -0x555, 0), (0x3FD5_5000, 0x555, 32), (0x7F80_0000, 1, 0), (0x0100_0000, 1, 0), (0x0020_0000, 3, 29)])
        {
            Code code = new(Program);
            Code.Label loop = code.Mark();
            code.Add(Op.Lui, 5, imm: high);
            code.Add(Asm.Addi(5, 5, low));
            code.Add(Op.Slli, 5, 5, imm: shift);
            code.Add(Asm.Addi(6, 5, 1));
            Op move = Instructions.Operands(op).Any(operand => operand.Key[0] == 'f' && operand.Value == typeof(uint)) ? Op.FmvWX : Op.FmvDX;
            code.Add(move, 1, 5);
            code.Add(move, 2, 6);
            code.Add(move, 3, 5);
            AddOperation(code, op, 0, 7);
            code.Add(Op.FliD, 1, imm: 12);
            code.Add(Op.FliS, 2, imm: 13);
            code.Add(Op.FdivD, 13, 1, 1);
            code.Add(Op.FdivS, 14, 2, 2);
            code.Add(Asm.Addi(12, 12, -1));
            code.Go(Op.Bne, loop, 12);
            ulong stop = code.AddEnd();
            RunBare(op, code, stop, [[0, 0, 0], [0, 0, 0]], $"constant {high:x} {low:x}");
        }

        // 1/3 and an inexact conversion of nothing but constants.
        Code inexact = new(Program);
        Code.Label again = inexact.Mark();
        inexact.Add(Op.FliD, 1, imm: 16);
        inexact.Add(Asm.Addi(5, 0, 3));
        inexact.Add(Op.FcvtDL, 2, 5);
        inexact.Add(Op.FdivD, 4, 1, 2);
        inexact.Add(Asm.Addi(12, 12, -1));
        inexact.Go(Op.Bne, again, 12);
        RunBare(Op.FdivD, inexact, inexact.AddEnd(), [[0, 0, 0], [0, 0, 0]], "1/3");
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void A_reserved_dynamic_rounding_mode_traps_in_a_hot_loop(int frm)
    {
        Code code = new(Program);
        Code.Label loop = code.Mark();
        code.Add(Op.FaddD, 4, 1, 2, rm: 7);
        code.Add(Asm.Addi(12, 12, -1));
        code.Go(Op.Bne, loop, 12);
        ulong stop = code.AddEnd();
        using Twin twin = new(Attach);
        Start(twin, code, [[0x3FF0_0000_0000_0000, 0, 0]], 0, 0);
        twin.Both(machine => machine.Hart.WriteRegister(12, 10));
        twin.Run(stop, 1000, "hot");
        Start(twin, code, [], 1, frm);
        twin.Both(machine => machine.Hart.WriteRegister(12, 10));
        twin.Run(MachineHandler + 4, 1000, $"frm {frm}");
        Assert.Equal(2UL, twin.Translating.Hart.Mcause);
        Assert.Equal(Program, twin.Translating.Hart.Mepc);
    }

    [Fact]
    public void Floating_point_traps_in_a_hot_loop_once_it_is_off()
    {
        Code code = new(Program);
        Code.Label loop = code.Mark();
        code.Add(Asm.Addi(13, 13, 1));
        code.Add(Op.FsgnjD, 4, 1, 2);
        code.Add(Asm.Addi(12, 12, -1));
        code.Go(Op.Bne, loop, 12);
        ulong stop = code.AddEnd();
        using Twin twin = new(Attach);
        Start(twin, code, [], 0, 0);
        twin.Both(machine => machine.Hart.WriteRegister(12, 10));
        twin.Run(stop, 1000, "hot");
        Start(twin, code, [], 1, 0);
        twin.Both(machine =>
        {
            machine.Hart.WriteMstatus(0, FsField);
            machine.Hart.WriteRegister(12, 10);
        });
        twin.Run(MachineHandler + 4, 1000, "off");
        Assert.Equal(Program + 4, twin.Translating.Hart.Mepc);
        Assert.Equal(1UL, twin.Translating.Hart.ReadRegister(13));
    }

    /// <summary>Attaches the tier under test.</summary>
    private protected abstract TestTier Attach(TestMachine machine);

    // A loop without loads, stores and CSRs: what the compiler could move, merge or drop most easily.
    private unsafe void RunBare(Op op, Code code, ulong stop, List<ulong[]> tuples, string what)
    {
        using Twin twin = new(Attach);
        for (int run = 0; run < tuples.Count; run++)
        {
            ulong[] operands = tuples[run];
            Start(twin, code, [], run, 0);
            twin.Both(machine =>
            {
                for (int i = 0; i < 3; i++)
                {
                    machine.Hart.State->F[1 + i] = operands[i];
                }

                machine.Hart.WriteRegister(5, operands[0]);
                machine.Hart.WriteRegister(12, 6);
            });
            twin.Run(stop, 1000, $"{op}, {what}, operands {operands[0]:x} {operands[1]:x} {operands[2]:x}, run {run}", compareMemory: false);
        }
    }

    private static void AddOperation(Code code, Op op, int rm, int rd)
    {
        bool integer = Instructions.Operands(op).ContainsKey("rs1");
        code.Add(op, OpInfo.WritesFd(op) ? (rd == 0 ? 0 : 4) : rd, integer ? 5 : 1, Instructions.Has(op, "rs2") ? 5 : 2, 7, 3, rm);
    }

    private static void StoreAll(Code code, int x, int f)
    {
        code.Add(Asm.Store(8, x, 9, 0));
        code.Add(Op.Fsd, 0, 9, f, 8);
    }

    private static void Start(Twin twin, Code code, List<ulong[]> tuples, int run, int frm)
    {
        ulong[] flat = [.. tuples.SelectMany(tuple => tuple)];
        twin.Both(machine =>
        {
            if (run == 0)
            {
                code.Write(machine);
                for (int i = 0; i < flat.Length; i++)
                {
                    machine.Write64(Operands + (8 * (ulong)i), flat[i]);
                }
            }

            machine.Prepare(machine.Hart);
            machine.Set(Fcsr, (ulong)frm << 5);
            machine.Hart.WriteMstatus(FsInitial, FsField);
            machine.Hart.WriteRegister(8, Operands);
            machine.Hart.WriteRegister(9, Results);
            machine.Hart.WriteRegister(10, Operands + (8 * (ulong)flat.Length));
        });
    }

    // Three words each: operands by their types, the first also for an integer register.
    private static List<ulong[]> Tuples(Op op)
    {
        IReadOnlyDictionary<string, Type> operands = Instructions.Operands(op);
        ulong[][] sets = [.. ((string[])["fs1", "fs2", "fs3"]).Select(name => operands.TryGetValue(name, out Type? type)
            ? type == typeof(ulong) ? Doubles : type == typeof(uint) ? Singles : Halves
            : name == "fs1" && operands.ContainsKey("rs1") ? Integers : [0])];
        bool three = sets[2].Length > 1;
        List<ulong[]> tuples = [];
        for (int a = 0; a < sets[0].Length; a++)
        {
            for (int b = 0; b < sets[1].Length; b++)
            {
                for (int c = 0; c < sets[2].Length; c += three ? 3 : 1)
                {
                    // With three operands, some of the combinations.
                    if (!three || ((a + b) % 3 == 0))
                    {
                        tuples.Add([sets[0][a], sets[1][b], sets[2][(c + a + b) % sets[2].Length]]);
                    }
                }
            }
        }

        return tuples;
    }
}
