using System.Globalization;
using System.Reflection;
using CoveJit.Isa;
using CoveJit.Isa.Declarations;

namespace CoveJit.Translator.Tests.Support;

/// <summary>The declared instructions, encoded from their declarations.</summary>
internal static class Instructions
{
    private static readonly Dictionary<Op, (MethodInfo Method, InstructionAttribute Declaration)> Declared = typeof(Op).Assembly.GetTypes()
        .Where(type => type.Namespace == "CoveJit.Isa.Extensions")
        .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public))
        .Where(method => method.GetCustomAttribute<InstructionAttribute>() is not null)
        .ToDictionary(method => Enum.Parse<Op>(method.Name), method => (method, method.GetCustomAttribute<InstructionAttribute>()!));

    /// <summary>The operations of a kind.</summary>
    public static IEnumerable<Op> OfKind(OpKind kind) => Declared.Keys.Where(op => OpInfo.Kind(op) == kind).Order();

    /// <summary>Types of the semantic method's parameters, by operand name.</summary>
    public static IReadOnlyDictionary<string, Type> Operands(Op op) => Declared[op].Method.GetParameters().ToDictionary(parameter => parameter.Name!, parameter => parameter.ParameterType);

    /// <summary>What the semantic method returns.</summary>
    public static Type Result(Op op) => Declared[op].Method.ReturnType;

    /// <summary>Whether the encoding has a field.</summary>
    public static bool Has(Op op, string field) => Fields(op).Any(part => Name(part) == field);

    /// <summary>Number of bits of a field, the implicit lower ones of an offset included.</summary>
    public static int Width(Op op, string field) => Fields(op).Where(part => Name(part) == field).SelectMany(Bits).Max() + 1;

    /// <summary>The word; <paramref name="value"/> gives the fields by name.</summary>
    public static uint Encode(Op op, Func<string, int> value)
    {
        ulong word = 0;
        int length = 0;
        foreach (string part in Fields(op))
        {
            if (part[0] is '0' or '1')
            {
                word = (word << part.Length) | Convert.ToUInt64(part, 2);
                length += part.Length;
                continue;
            }

            ulong bits = (ulong)(long)value(Name(part));
            foreach (int bit in Bits(part))
            {
                word = (word << 1) | ((bits >> bit) & 1);
                length++;
            }
        }

        Assert.Equal(32, length);
        return (uint)word;
    }

    private static string[] Fields(Op op) => Declared[op].Declaration.Encoding.Split(' ');

    private static string Name(string part) => part.Split('[', '!')[0];

    // Bit numbers, from the most significant: imm[12|10:5] has 12, 10, 9, 8, 7, 6, 5.
    private static IEnumerable<int> Bits(string part)
    {
        int bracket = part.IndexOf('[', StringComparison.Ordinal);
        string list = bracket >= 0 ? part[(bracket + 1)..part.IndexOf(']', StringComparison.Ordinal)] : Name(part) switch
        {
            "rm" => "2:0",
            "aq" or "rl" => "0",
            "bs" => "1:0",
            "rnum" or "fm" or "pred" or "succ" => "3:0",
            "csr" => "11:0",
            _ => "4:0",
        };
        foreach (string range in list.Split('|'))
        {
            int[] ends = [.. range.Split(':').Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
            for (int bit = ends[0]; bit >= ends[^1]; bit--)
            {
                yield return bit;
            }
        }
    }
}
