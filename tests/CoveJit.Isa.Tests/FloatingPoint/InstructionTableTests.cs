using System.Globalization;
using System.Reflection;
using CoveJit.Isa.Declarations;
using CoveJit.Isa.Extensions;
using CoveJit.Isa.FloatingPoint;

namespace CoveJit.Isa.Tests.FloatingPoint;

/// <summary>The declared instructions of F, D, Zfa and Zfhmin against TestData/floating-point.txt.</summary>
public class InstructionTableTests
{
    private static readonly Dictionary<string, MethodInfo> Instructions = new[] { typeof(Rv64F), typeof(Rv64D), typeof(Zfa), typeof(Zfhmin) }
        .SelectMany(extension => extension.GetMethods(BindingFlags.Public | BindingFlags.Static))
        .ToDictionary(method => method.GetCustomAttribute<InstructionAttribute>()!.Mnemonic);

    [Fact]
    public void Every_row_gives_the_result_and_flags_it_states()
    {
        List<string> failures = [];
        foreach (string[] row in Rows())
        {
            string[] head = row[0].Split(' ');
            MethodInfo method = Instructions[head[0]];
            foreach (RoundingMode mode in FloatOperation.Modes.Where(mode => head.Length == 1 || mode == Enum.Parse<RoundingMode>(head[1], ignoreCase: true)))
            {
                foreach (FloatFlags before in (ReadOnlySpan<FloatFlags>)[FloatFlags.None, FloatFlags.Inexact, FloatFlags.Invalid])
                {
                    (ulong result, FloatFlags flags) = Run(method, row[1].Split(' '), mode, before);
                    ulong expected = Parse(row[2], ResultFormat(method));
                    FloatFlags expectedFlags = ParseFlags(row[3]) | before;
                    if (result != expected || flags != expectedFlags)
                    {
                        failures.Add($"{string.Join(" | ", row)} ({mode}, {before} before): expected {expected:x} {expectedFlags}, got {result:x} {flags}");
                    }
                }
            }
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures.Take(20)));
    }

    [Fact]
    public void Every_declared_instruction_has_a_row()
    {
        IEnumerable<string> covered = Rows().Select(row => row[0].Split(' ')[0]);
        Assert.Equal([], Instructions.Keys.Except(covered));
    }

    private static IEnumerable<string[]> Rows()
        => File.ReadLines(Path.Combine(AppContext.BaseDirectory, "TestData", "floating-point.txt"))
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(" | "));

    private static (ulong Result, FloatFlags Flags) Run(MethodInfo method, string[] operands, RoundingMode mode, FloatFlags before)
    {
        ParameterInfo[] parameters = method.GetParameters();
        object[] arguments = new object[parameters.Length];
        for (int i = 0; i < parameters.Length; i++)
        {
            Type type = parameters[i].ParameterType;
            arguments[i] = type.IsByRef
                ? new FloatContext { Rounding = mode, Flags = before }
                : Convert.ChangeType(Parse(operands[i], OperandFormat(parameters[i])), type, CultureInfo.InvariantCulture);
        }

        ulong result = Convert.ToUInt64(method.Invoke(null, arguments), CultureInfo.InvariantCulture);
        return (result, arguments is [.., FloatContext context] ? context.Flags : before);
    }

    private static ReferenceFloat? OperandFormat(ParameterInfo parameter)
        => parameter.Name!.StartsWith("fs", StringComparison.Ordinal) ? FormatOf(parameter.ParameterType) : null;

    private static ReferenceFloat? ResultFormat(MethodInfo method)
        => method.GetCustomAttribute<InstructionAttribute>()!.Encoding.Split(' ').Contains("fd") ? FormatOf(method.ReturnType) : null;

    private static ReferenceFloat FormatOf(Type type)
        => type == typeof(ulong) ? ReferenceFloat.Double : type == typeof(uint) ? ReferenceFloat.Single : ReferenceFloat.Half;

    private static FloatFlags ParseFlags(string text)
        => text.Split(' ').Aggregate(FloatFlags.None, (flags, name) => flags | name switch
        {
            "NX" => FloatFlags.Inexact,
            "UF" => FloatFlags.Underflow,
            "OF" => FloatFlags.Overflow,
            "DZ" => FloatFlags.DivideByZero,
            "NV" => FloatFlags.Invalid,
            "-" => FloatFlags.None,
            _ => throw new FormatException(name),
        });

    // A null format means an integer.
    private static ulong Parse(string text, ReferenceFloat? format)
    {
        if (text.StartsWith("0x", StringComparison.Ordinal))
        {
            return ulong.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }

        if (format is null)
        {
            return text[0] == '-'
                ? (ulong)long.Parse(text, CultureInfo.InvariantCulture)
                : ulong.Parse(text, CultureInfo.InvariantCulture);
        }

        if (text.Split('^') is [string number, string step])
        {
            return Parse(number, format) + (ulong)long.Parse(step, CultureInfo.InvariantCulture);
        }

        if (text[0] == '-')
        {
            return Parse(text[1..], format) ^ format.SignBit;
        }

        ulong normal = 1UL << (format.Precision - 1);
        return text switch
        {
            "inf" => format.Infinity,
            "nan" => format.CanonicalNaN,
            "qnan" => (format.CanonicalNaN | format.SignBit) + 5,
            "snan" => format.Infinity + 5,
            "tiny" => 1,
            "below" => normal - 1,
            "normal" => normal,
            "max" => format.Infinity - 1,
            _ => Encode(double.Parse(text, CultureInfo.InvariantCulture), format),
        };
    }

    private static ulong Encode(double value, ReferenceFloat format)
    {
        (ulong bits, FloatFlags flags) = ReferenceFloat.Double.ConvertTo(format, BitConverter.DoubleToUInt64Bits(value), RoundingMode.Rne);
        return flags == FloatFlags.None ? bits : throw new FormatException($"{value} does not fit the format");
    }
}
