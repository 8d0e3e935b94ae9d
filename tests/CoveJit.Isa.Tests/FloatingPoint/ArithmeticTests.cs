using CoveJit.Isa.FloatingPoint;

namespace CoveJit.Isa.Tests.FloatingPoint;

/// <summary>Arithmetic: integer code against the reference and the host, fast paths against integer code.</summary>
public class ArithmeticTests
{
    public static TheoryData<string> Names => FloatOperation.Names;

    public static TheoryData<string> FastNames => FloatOperation.FastNames;

    [Theory]
    [MemberData(nameof(Names))]
    public void Soft_path_agrees_with_the_rational_reference_in_every_mode_and_flag(string name)
    {
        FloatOperation operation = FloatOperation.All[name];
        OperandSource source = new(operation.Format, seed: 1);
        for (int i = 0; i < 4000; i++)
        {
            (ulong a, ulong b, ulong c) = operation.Operands(source);
            foreach (RoundingMode mode in FloatOperation.Modes)
            {
                (ulong expected, FloatFlags flags) = operation.Reference(a, b, c, mode);
                FloatContext context = new() { Rounding = mode };
                ulong actual = operation.Soft(a, b, c, ref context);
                if (actual != expected || context.Flags != flags)
                {
                    Assert.Fail($"{name} {a:x} {b:x} {c:x} {mode}: expected {expected:x} {flags}, got {actual:x} {context.Flags}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(FastNames))]
    public void Fast_path_equals_the_soft_path_in_result_and_flags(string name)
    {
        FloatOperation operation = FloatOperation.All[name];
        OperandSource source = new(operation.Format, seed: 2);
        for (int i = 0; i < 250_000; i++)
        {
            (ulong a, ulong b, ulong c) = operation.Operands(source);
            CompareFast(operation, a, b, c, RoundingMode.Rne);
            if (i % 8 == 0)
            {
                CompareFast(operation, a, b, c, FloatOperation.Modes[1 + (i / 8 % 4)]);
            }
        }
    }

    [Theory]
    [InlineData("add64")]
    [InlineData("mul64")]
    [InlineData("div64")]
    [InlineData("sqrt64")]
    [InlineData("fma64")]
    public void Soft_double_agrees_with_the_host_to_nearest_even(string name)
    {
        FloatOperation operation = FloatOperation.All[name];
        OperandSource source = new(operation.Format, seed: 3);
        for (int i = 0; i < 300_000; i++)
        {
            (ulong a, ulong b, ulong c) = operation.Operands(source);
            double x = BitConverter.UInt64BitsToDouble(a);
            double y = BitConverter.UInt64BitsToDouble(b);
            double z = BitConverter.UInt64BitsToDouble(c);
            double host = name switch
            {
                "add64" => x + y,
                "mul64" => x * y,
                "div64" => x / y,
                "sqrt64" => Math.Sqrt(x),
                _ => Math.FusedMultiplyAdd(x, y, z),
            };
            CompareHost(operation, a, b, c, double.IsNaN(host) ? operation.Format.CanonicalNaN : BitConverter.DoubleToUInt64Bits(host));
        }
    }

    [Theory]
    [InlineData("add32")]
    [InlineData("mul32")]
    [InlineData("div32")]
    [InlineData("sqrt32")]
    [InlineData("fma32")]
    public void Soft_single_agrees_with_the_host_to_nearest_even(string name)
    {
        FloatOperation operation = FloatOperation.All[name];
        OperandSource source = new(operation.Format, seed: 4);
        for (int i = 0; i < 300_000; i++)
        {
            (ulong a, ulong b, ulong c) = operation.Operands(source);
            float x = BitConverter.UInt32BitsToSingle((uint)a);
            float y = BitConverter.UInt32BitsToSingle((uint)b);
            float z = BitConverter.UInt32BitsToSingle((uint)c);
            float host = name switch
            {
                "add32" => x + y,
                "mul32" => x * y,
                "div32" => x / y,
                "sqrt32" => MathF.Sqrt(x),
                _ => MathF.FusedMultiplyAdd(x, y, z),
            };
            CompareHost(operation, a, b, c, float.IsNaN(host) ? operation.Format.CanonicalNaN : BitConverter.SingleToUInt32Bits(host));
        }
    }

    [Fact]
    public void Half_precision_square_root_is_right_for_every_operand()
    {
        for (uint a = 0; a <= 0xFFFF; a++)
        {
            foreach (RoundingMode mode in FloatOperation.Modes)
            {
                FloatContext context = new() { Rounding = mode };
                ulong actual = SoftFloat.SquareRoot<Format16>(a, ref context);
                Assert.Equal(ReferenceFloat.Half.SquareRoot(a, mode), (actual, context.Flags));
            }
        }
    }

    [Fact]
    public void Flags_accrue_and_are_never_cleared()
    {
        const FloatFlags All = (FloatFlags)31;
        foreach (FloatOperation operation in FloatOperation.All.Values.Where(operation => operation.Fast is not null))
        {
            FloatContext context = new() { Flags = All };
            operation.Fast!(0, 0, 0, ref context);
            Assert.Equal(All, context.Flags);
        }
    }

    private static void CompareFast(FloatOperation operation, ulong a, ulong b, ulong c, RoundingMode mode)
    {
        FloatContext expected = new() { Rounding = mode };
        ulong softly = operation.Soft(a, b, c, ref expected);

        FloatContext clear = new() { Rounding = mode };
        ulong result = operation.Fast!(a, b, c, ref clear);
        FloatContext sticky = new() { Rounding = mode, Flags = FloatFlags.Inexact };
        ulong resultWhenSticky = operation.Fast!(a, b, c, ref sticky);
        if (result != softly || resultWhenSticky != softly || clear.Flags != expected.Flags || sticky.Flags != (expected.Flags | FloatFlags.Inexact))
        {
            Assert.Fail(
                $"{operation.Name} {a:x} {b:x} {c:x} {mode}: expected {softly:x} {expected.Flags}, "
                + $"got {result:x} {clear.Flags}, with NX set {resultWhenSticky:x} {sticky.Flags}");
        }
    }

    private static void CompareHost(FloatOperation operation, ulong a, ulong b, ulong c, ulong expected)
    {
        FloatContext context = default;
        ulong actual = operation.Soft(a, b, c, ref context);
        if (actual != expected)
        {
            Assert.Fail($"{operation.Name} {a:x} {b:x} {c:x}: host {expected:x}, got {actual:x}");
        }
    }
}
