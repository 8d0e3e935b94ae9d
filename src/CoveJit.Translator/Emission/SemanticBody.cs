using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Emit;

namespace CoveJit.Translator.Emission;

/// <summary>
/// The IL of a semantic method, read so that it can be written again in the middle of a region: what the C# compiler made of the declaration is
/// the translation of the instruction. That spares the just-in-time compiler the work of inlining a call.
/// </summary>
internal sealed class SemanticBody
{
    // Longer bodies are called: the compiler then decides about inlining.
    private const int MaximumLength = 64;

    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value);

    private SemanticBody(IlOperation[] operations, Type[] locals)
    {
        Operations = operations;
        Locals = locals;
    }

    /// <summary>The instructions; the last one returns.</summary>
    public IReadOnlyList<IlOperation> Operations { get; }

    /// <summary>Types of the local variables.</summary>
    public IReadOnlyList<Type> Locals { get; }

    /// <summary>Reads a method; null if its IL is too long or holds what cannot be moved (loops, exception handlers, assignments to parameters).</summary>
    public static SemanticBody? Read(MethodInfo method)
    {
        MethodBody? body = method.GetMethodBody();
        byte[]? code = body?.GetILAsByteArray();
        if (code is null || code.Length > MaximumLength || body!.ExceptionHandlingClauses.Count != 0)
        {
            return null;
        }

        List<IlOperation> operations = [];
        Dictionary<int, int> indexOf = [];
        for (int at = 0; at < code.Length;)
        {
            indexOf[at] = operations.Count;
            if (ReadOperation(code, ref at, method.Module) is not IlOperation operation || (operation.Kind == IlOperand.Branch && operation.Number < at))
            {
                return null;
            }

            operations.Add(operation);
        }

        for (int i = 0; i < operations.Count; i++)
        {
            if (operations[i].Kind == IlOperand.Branch)
            {
                operations[i] = operations[i] with { Number = indexOf[(int)operations[i].Number] };
            }
        }

        return new SemanticBody([.. operations], [.. body.LocalVariables.Select(local => local.LocalType)]);
    }

    // Advances past one operation; a branch's number is the target's offset for now. Null if it cannot be moved.
    private static IlOperation? ReadOperation(byte[] code, ref int at, Module module)
    {
        short value = code[at++];
        if (value == 0xFE)
        {
            value = unchecked((short)(0xFE00 | code[at++]));
        }

        OpCode op = OpCodesByValue[value];
        string name = op.Name!;
        ReadOnlySpan<byte> rest = code.AsSpan(at);
        int size = op.OperandType switch
        {
            OperandType.InlineNone => 0,
            OperandType.ShortInlineI or OperandType.ShortInlineVar or OperandType.ShortInlineBrTarget => 1,
            OperandType.InlineVar => 2,
            OperandType.InlineI8 or OperandType.InlineR => 8,
            _ => 4,
        };
        at += size;
        if (name is "ret")
        {
            return new IlOperation(op, IlOperand.Return, 0, 0, null);
        }

        if (name.StartsWith("ldarg.", StringComparison.Ordinal) || name.StartsWith("ldloc", StringComparison.Ordinal) || name.StartsWith("stloc", StringComparison.Ordinal))
        {
            long number = size switch
            {
                0 => name[^1] - '0',
                1 => rest[0],
                _ => BinaryPrimitives.ReadUInt16LittleEndian(rest),
            };
            OpCode general = name.StartsWith("ldloca", StringComparison.Ordinal) ? OpCodes.Ldloca : name[0] == 's' ? OpCodes.Stloc : OpCodes.Ldloc;
            return new IlOperation(general, name[2] == 'a' ? IlOperand.Argument : IlOperand.Local, number, 0, null);
        }

        switch (op.OperandType)
        {
            case OperandType.InlineNone when name.StartsWith("ldc.i4", StringComparison.Ordinal):
                return new IlOperation(OpCodes.Ldc_I4, IlOperand.Int32, name[^1] == '1' && name[^2] == 'm' ? -1 : name[^1] - '0', 0, null);
            case OperandType.InlineNone when op.FlowControl is FlowControl.Next or FlowControl.Call:
                return new IlOperation(op, IlOperand.None, 0, 0, null);
            case OperandType.ShortInlineI when op == OpCodes.Ldc_I4_S:
                return new IlOperation(OpCodes.Ldc_I4, IlOperand.Int32, (sbyte)rest[0], 0, null);
            case OperandType.InlineI:
                return new IlOperation(op, IlOperand.Int32, BinaryPrimitives.ReadInt32LittleEndian(rest), 0, null);
            case OperandType.InlineI8:
                return new IlOperation(op, IlOperand.Int64, BinaryPrimitives.ReadInt64LittleEndian(rest), 0, null);
            case OperandType.ShortInlineR:
                return new IlOperation(op, IlOperand.Single, 0, BinaryPrimitives.ReadSingleLittleEndian(rest), null);
            case OperandType.InlineR:
                return new IlOperation(op, IlOperand.Double, 0, BinaryPrimitives.ReadDoubleLittleEndian(rest), null);
            case OperandType.ShortInlineBrTarget when name is not "leave.s":
                return new IlOperation(LongForm(name), IlOperand.Branch, at + (sbyte)rest[0], 0, null);
            case OperandType.InlineBrTarget when name is not "leave":
                return new IlOperation(op, IlOperand.Branch, at + BinaryPrimitives.ReadInt32LittleEndian(rest), 0, null);
            case OperandType.InlineMethod when op == OpCodes.Call:
            case OperandType.InlineField:
            case OperandType.InlineType when op != OpCodes.Newarr:
                return Resolve(module, BinaryPrimitives.ReadInt32LittleEndian(rest)) is MemberInfo member ? new IlOperation(op, IlOperand.Member, 0, 0, member) : null;
            default:
                return null;
        }
    }

    private static MemberInfo? Resolve(Module module, int token)
    {
        try
        {
            return module.ResolveMember(token);
        }
        catch (ArgumentException)
        {
            return null; // it names type parameters of what surrounds it
        }
    }

    private static OpCode LongForm(string shortName)
    {
        string name = shortName[..^2];
        return OpCodesByValue.Values.First(code => code.Name == name);
    }
}
