using System.Reflection;
using System.Runtime.Intrinsics.X86;
using CoveJit.Isa;
using CoveJit.Translator.Tests.Support;
using CoveJit.Translator.X64.Assembly;
using CoveJit.Translator.X64.Semantics;

namespace CoveJit.Translator.X64.Tests.Semantics;

/// <summary>
/// The expression of every instruction that has one: by the letter, and as host code with its operands and its result in all places that they may
/// have, against the declared method.
/// </summary>
public sealed class ExpressionTests
{
    private const ulong Untouched = 0xDEAD_BEEF_0BAD_F00D;

    private static readonly Expressions Known = new();

    private static readonly ulong[] Values =
    [
        0, 1, 2, 7, 31, 32, 33, 63, 64, ulong.MaxValue, ulong.MaxValue - 1, 0x8000_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000, 0x7FFF_FFFF, 0xFFFF_FFFF,
        0xFFFF_FFFF_8000_0000, 0x1_0000_0000, 0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, 0x00FF_00FF_8080_7F01, 0x8000_0000_FFFF_FFFF, 0xDEAD_0000_0000_0080,
    ];

    // Where an operand may be. Of two operands in one register there is one value.
    private static readonly Operand[] Places = [Operand.In(Register.Rdi), Operand.In(Register.R12), Operand.At(HostFunction.Word(0)), Operand.At(HostFunction.Word(1)), Operand.Of(0)];

    private static readonly Register[] Destinations = [Register.Rax, Register.Rcx, Register.Rdx, Register.Rdi, Register.R12, Register.R15];

    public static TheoryData<Op> Expressible => [.. Enum.GetValues<Op>().Where(IsExpressible)];

    [Fact]
    public void All_but_what_works_by_loops_and_tables_has_an_expression_that_can_be_emitted()
    {
        Op[] byLoopsAndTables = [Op.Xperm4, Op.Xperm8, Op.Aes64im, Op.Aes64ks1i];
        if (!Pclmulqdq.IsSupported)
        {
            byLoopsAndTables = [.. byLoopsAndTables, Op.Clmul, Op.Clmulh, Op.Clmulr];
        }

        if (!Aes.IsSupported)
        {
            byLoopsAndTables = [.. byLoopsAndTables, Op.Aes64ds, Op.Aes64dsm, Op.Aes64es, Op.Aes64esm];
        }

        Op[] called = [.. Instructions.OfKind(OpKind.Alu).Concat(Instructions.OfKind(OpKind.Branch)).Where(op => !OpInfo.UsesFloat(op) && !IsExpressible(op) && op != Op.Auipc)];
        Assert.Equal(byLoopsAndTables.Order(), called.Order());
    }

    [Theory]
    [MemberData(nameof(Expressible))]
    public void An_expression_means_what_the_method_computes(Op op)
    {
        Random random = new((int)op);
        Node node = Known[op]!;
        for (int i = 0; i < 3000; i++)
        {
            ulong[] arguments = Arguments(op, random);
            Assert.Equal(Expected(op, node, arguments), Evaluator.Evaluate(node, arguments));
        }
    }

    [Theory]
    [MemberData(nameof(Expressible))]
    public void Host_code_computes_what_the_method_does_wherever_the_operands_are(Op op)
    {
        Random random = new((int)op);
        using HostFunction function = new();
        Node node = Known[op]!;
        ParameterInfo[] parameters = Known.DeclarationOf(op).Parameters;
        int[] registers = [.. Enumerable.Range(0, parameters.Length).Where(i => IsRegister(parameters[i]))];
        foreach (Operand[] places in Choices(registers.Length))
        {
            foreach (Register destination in Destinations)
            {
                for (int repeat = 0; repeat < (registers.Length == parameters.Length ? 1 : 4); repeat++)
                {
                    ulong[] arguments = Arguments(op, random);
                    Operand[] operands = [.. arguments.Select(value => Operand.Of((long)value))];
                    for (int i = 0; i < registers.Length; i++)
                    {
                        operands[registers[i]] = places[i];
                    }

                    // A branch's condition as well as its value.
                    foreach (bool test in OpInfo.Kind(op) == OpKind.Branch ? (bool[])[true, false] : [false])
                    {
                        function.Write(assembler => Emit(assembler, node, operands, destination, test));
                        for (int n = 0; n < 12; n++)
                        {
                            Array.ForEach(registers, i => arguments[i] = Value(random));
                            Run(op, function, node, operands, arguments, destination);
                        }
                    }
                }
            }
        }
    }

    private static void Emit(Assembler assembler, Node node, Operand[] operands, Register destination, bool test)
    {
        NodeEmitter emitter = new(assembler);
        emitter.Bind(operands);
        if (test)
        {
            assembler.SetIf(emitter.EmitTest(node), Register.Rax);
            assembler.ZeroExtend8(destination, Register.Rax);
        }
        else
        {
            emitter.Emit(node, destination);
        }
    }

    private static void Run(Op op, HostFunction function, Node node, Operand[] operands, ulong[] arguments, Register destination)
    {
        function.Cells.Fill(Untouched);
        for (int i = 0; i < operands.Length; i++)
        {
            if (operands[i].Constant is long constant)
            {
                arguments[i] = (ulong)constant;
            }
            else
            {
                function.Cells[CellOf(operands[i])] = arguments[i];
            }
        }

        // What came last to a place is what all operands there have.
        for (int i = 0; i < operands.Length; i++)
        {
            if (operands[i].Constant is null)
            {
                arguments[i] = function.Cells[CellOf(operands[i])];
            }
        }

        ulong[] before = function.Cells.ToArray();
        function.Run();
        ulong actual = function.Cells[(int)destination];
        ulong expected = Expected(op, node, arguments);
        string what = $"{op}({string.Join(", ", arguments.Select(value => value.ToString("x", null)))}) with {string.Join(", ", operands)} to {destination}";
        Assert.True(expected == (node.Wide ? actual : (uint)actual), $"{what}: {expected:x} / {actual:x}");
        for (int cell = 0; cell < before.Length; cell++)
        {
            bool scratch = cell is (int)Register.Rax or (int)Register.Rcx or (int)Register.Rdx || cell == (int)destination;
            Assert.True(scratch || before[cell] == function.Cells[cell], $"{what} changes cell {cell}");
        }
    }

    private static int CellOf(Operand operand) => operand.Register is Register register ? (int)register
        : operand.Memory == HostFunction.Word(0) ? HostFunction.CellOfWord(0) : HostFunction.CellOfWord(1);

    private static IEnumerable<Operand[]> Choices(int count) => count == 0
        ? [[]]
        : Choices(count - 1).SelectMany(chosen => Places.Select(place => (Operand[])[.. chosen, place]));

    private static bool IsExpressible(Op op) => OpInfo.Kind(op) is OpKind.Alu or OpKind.Branch or OpKind.Jump && op is not (Op.Illegal or Op.BlockEnd)
        && Known[op] is Node node && NodeEmitter.CanEmit(node) && Known.DeclarationOf(op).Method.ReturnType != typeof(ushort)
        && Known.DeclarationOf(op).Parameters.All(parameter => parameter.ParameterType == typeof(ulong) || parameter.ParameterType == typeof(uint) || parameter.ParameterType == typeof(long) || parameter.ParameterType == typeof(int));

    private static bool IsRegister(ParameterInfo parameter) => parameter.Name is "rs1" or "rs2" or "fs1" or "fs2" or "fs3";

    private static ulong Value(Random random) => random.Next(3) switch
    {
        0 => Values[random.Next(Values.Length)],
        1 => (ulong)random.NextInt64() << random.Next(64),
        _ => (ulong)(random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64)),
    };

    // Registers have any values, immediates what their fields can hold.
    private static ulong[] Arguments(Op op, Random random) => [.. Known.DeclarationOf(op).Parameters.Select(parameter =>
    {
        if (IsRegister(parameter))
        {
            return Value(random);
        }

        string name = parameter.Name!;
        int width = name == "zimm" || !Instructions.Has(op, name) ? 5 : Instructions.Width(op, name);
        long bits = (random.Next(3) == 0 ? random.Next(2) - 1L : random.NextInt64()) & ((1L << width) - 1);
        return name == "imm" ? (ulong)(bits << (64 - width) >> (64 - width)) : (ulong)bits;
    })];

    private static ulong Expected(Op op, Node node, ulong[] arguments)
    {
        MethodInfo method = Known.DeclarationOf(op).Method;
        object[] boxed = [.. method.GetParameters().Select((parameter, i) => Type.GetTypeCode(parameter.ParameterType) switch
        {
            TypeCode.UInt64 => arguments[i],
            TypeCode.Int64 => (object)(long)arguments[i],
            TypeCode.UInt32 => (uint)arguments[i],
            _ => (int)arguments[i],
        })];
        ulong value = method.Invoke(null, boxed) switch
        {
            ulong result => result,
            long result => (ulong)result,
            uint result => result,
            int result => (ulong)result,
            bool result => result ? 1UL : 0,
            object other => throw new InvalidOperationException($"{op} returns {other.GetType()}"),
            null => throw new InvalidOperationException($"{op} returns nothing"),
        };
        return node.Wide ? value : (uint)value;
    }
}
