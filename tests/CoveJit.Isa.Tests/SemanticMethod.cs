using System.Globalization;
using System.Reflection;

namespace CoveJit.Isa.Tests;

/// <summary>The semantic method of an operation, called through reflection with operands by name.</summary>
internal static class SemanticMethod
{
    private static readonly Dictionary<string, MethodInfo> Methods = typeof(Op).Assembly.GetTypes()
        .Where(type => type.Namespace == "CoveJit.Isa.Extensions")
        .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public))
        .Where(method => Enum.IsDefined(typeof(Op), method.Name))
        .ToDictionary(method => method.Name);

    public static object Call(Op op, Func<string, object> operand)
    {
        MethodInfo method = Methods[op.ToString()];
        object[] arguments = [.. method.GetParameters().Select(parameter => Convert(operand(parameter.Name!), parameter.ParameterType))];
        return method.Invoke(null, arguments)!;
    }

    /// <summary>An integer result as the 64-bit register it becomes.</summary>
    public static ulong Call(Op op, ulong rs1, ulong rs2, long imm) => (ulong)Call(op, name => name switch
    {
        "rs1" => rs1,
        "rs2" => rs2,
        "imm" or "shamt" or "rnum" => imm,
        "pc" => rs1,
        _ => throw new ArgumentException(name),
    });

    /// <summary>The bits of <paramref name="value"/> cut to a type, as a load or a register read cuts them.</summary>
    private static object Convert(object value, Type type)
    {
        if (value is not (ulong or long))
        {
            return value;
        }

        ulong bits = value is long signed ? (ulong)signed : (ulong)value;
        return Type.GetTypeCode(type) switch
        {
            TypeCode.Byte => (byte)bits,
            TypeCode.SByte => (sbyte)bits,
            TypeCode.Int16 => (short)bits,
            TypeCode.UInt16 => (ushort)bits,
            TypeCode.Int32 => (int)bits,
            TypeCode.UInt32 => (uint)bits,
            TypeCode.Int64 => (long)bits,
            TypeCode.UInt64 => bits,
            _ => throw new ArgumentException(type.ToString()),
        };
    }

    /// <summary>The low bits of any integer as a ulong, zero-extended from its type.</summary>
    public static ulong Bits(object value) => value is IConvertible and not bool
        ? (ulong)(Int128.Parse(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) & ulong.MaxValue)
        : throw new ArgumentException($"{value}");
}
