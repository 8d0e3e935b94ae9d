using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Numerics;
using System.Reflection;
using System.Runtime.Intrinsics.X86;
using CoveJit.Isa;
using CoveJit.Isa.Cryptography;
using CoveJit.Translator.Emission;

namespace CoveJit.Translator.X64.Semantics;

/// <summary>Turns the IL of a semantic method into an expression by executing it symbolically: both ways of each branch, to the return.</summary>
internal sealed class NodeBuilder
{
    // Both ways of every branch are followed: a bound on what that may cost.
    private const int MaximumSteps = 300;

    private const int MaximumCalls = 4;

    private readonly SemanticBody _body;
    private readonly Node[] _arguments;
    private readonly int _depth;
    private int _steps;

    private NodeBuilder(SemanticBody body, Node[] arguments, int depth)
    {
        _body = body;
        _arguments = arguments;
        _depth = depth;
    }

    /// <summary>The expression of a declaration; null if it does what cannot be expressed.</summary>
    public static Node? Build(Declaration declaration) => declaration.Body is SemanticBody body
        ? new NodeBuilder(body, [.. declaration.Parameters.Select((parameter, index) => new Parameter(index, IsWide(parameter.ParameterType)))], 0)
            .Run(0, [], ImmutableDictionary<long, Node>.Empty)
        : null;

    // Null where something has no expression.
    private Node? Run(int at, ImmutableStack<Node> stack, ImmutableDictionary<long, Node> locals)
    {
        while (++_steps < MaximumSteps)
        {
            IlOperation operation = _body.Operations[at];
            switch (operation.Kind)
            {
                case IlOperand.Argument:
                    stack = stack.Push(_arguments[operation.Number]);
                    break;
                case IlOperand.Int32:
                    stack = stack.Push(new Constant(operation.Number, false));
                    break;
                case IlOperand.Int64:
                    stack = stack.Push(new Constant(operation.Number, true));
                    break;
                case IlOperand.Return:
                    return stack.Peek();
                case IlOperand.Branch:
                    return Branch(operation, at, stack, locals);
                case IlOperand.Local when operation.OpCode.Name!.StartsWith("ldloca", StringComparison.Ordinal):
                    stack = stack.Push(new Unknown(null)); // only ever the discarded result of a call
                    break;
                case IlOperand.Local when operation.OpCode.Name[0] == 's':
                    stack = stack.Pop(out Node stored);
                    locals = locals.SetItem(operation.Number, stored);
                    break;
                case IlOperand.Local:
                    if (!locals.TryGetValue(operation.Number, out Node? local))
                    {
                        return null;
                    }

                    stack = stack.Push(local);
                    break;
                case IlOperand.Member:
                    if (operation.Member is not MethodInfo method || Call(method, ref stack) is not Node result)
                    {
                        return null;
                    }

                    stack = stack.Push(result);
                    break;
                case IlOperand.None:
                    if (Simple(operation.OpCode.Name!, ref stack) is false)
                    {
                        return null;
                    }

                    break;
                default:
                    return null;
            }

            at++;
        }

        return null;
    }

    private Node? Branch(IlOperation operation, int at, ImmutableStack<Node> stack, ImmutableDictionary<long, Node> locals)
    {
        string name = operation.OpCode.Name!;
        if (name == "br")
        {
            return Run((int)operation.Number, stack, locals);
        }

        Node test;
        if (name is "brtrue" or "brfalse")
        {
            stack = stack.Pop(out Node operand);
            test = name == "brtrue" ? Truth(operand) : Not(Truth(operand));
        }
        else
        {
            stack = stack.Pop(out Node right).Pop(out Node left);
            test = new Comparison(RelationOf(name), left, right);
        }

        Node? then = Run((int)operation.Number, stack, locals);
        Node? otherwise = Run(at + 1, stack, locals);
        return then is null || otherwise is null ? null : Choose(test, then, otherwise);
    }

    private static Node Choose(Node test, Node then, Node otherwise) => (then, otherwise) switch
    {
        (Constant { Value: 1 } one, Constant { Value: 0 }) => one.Wide ? new Unary(UnaryOp.ZeroExtend32, test, true) : test,
        (Constant { Value: 0 } zero, Constant { Value: 1 }) => zero.Wide ? new Unary(UnaryOp.ZeroExtend32, Not(test), true) : Not(test),
        _ => new Choice(test, then, otherwise, then.Wide),
    };

    private static Node Truth(Node node) => node is Comparison ? node : new Comparison(Relation.NotEqual, node, new Constant(0, node.Wide));

    private static Node Not(Node node)
    {
        Comparison comparison = (Comparison)Truth(node);
        return comparison with { Relation = Inverse(comparison.Relation) };
    }

    private static bool Simple(string name, ref ImmutableStack<Node> stack)
    {
        switch (name)
        {
            case "nop":
                return true;
            case "dup":
                stack = stack.Push(stack.Peek());
                return true;
            case "pop":
                stack = stack.Pop();
                return true;
            case "neg" or "not":
                stack = stack.Pop(out Node operand);
                stack = stack.Push(new Unary(name == "neg" ? UnaryOp.Negate : UnaryOp.Not, operand, operand.Wide));
                return true;
            case "ceq" or "clt" or "clt.un" or "cgt" or "cgt.un":
                stack = stack.Pop(out Node second).Pop(out Node first);
                bool inverts = name == "ceq" && first is Comparison && second is Constant { Value: 0 };
                stack = stack.Push(inverts ? Not(first) : new Comparison(RelationOf(name), first, second));
                return true;
            default:
                if (ConversionOf(name) is UnaryOp conversion)
                {
                    stack = stack.Pop(out Node converted);
                    stack = stack.Push(Convert(conversion, converted));
                    return true;
                }

                if (BinaryOf(name) is BinaryOp binary)
                {
                    stack = stack.Pop(out Node right).Pop(out Node left);
                    stack = stack.Push(new Binary(binary, left, right, left.Wide));
                    return true;
                }

                return false;
        }
    }

    private static Node Convert(UnaryOp conversion, Node node)
    {
        bool toWide = conversion is UnaryOp.SignExtend32 or UnaryOp.ZeroExtend32;
        if (toWide)
        {
            return node switch
            {
                { Wide: true } => node,
                Constant constant => new Constant(conversion == UnaryOp.SignExtend32 ? (int)constant.Value : (uint)constant.Value, true),
                Comparison => new Unary(UnaryOp.ZeroExtend32, node, true),
                _ => new Unary(conversion, node, true),
            };
        }

        if (conversion == UnaryOp.Truncate32)
        {
            return node switch
            {
                { Wide: false } => node,
                Constant constant => new Constant((int)constant.Value, false),
                _ => new Unary(UnaryOp.Truncate32, node, false),
            };
        }

        return new Unary(conversion, node, false);
    }

    private Node? Call(MethodInfo method, ref ImmutableStack<Node> stack)
    {
        ParameterInfo[] parameters = method.GetParameters();
        Node[] arguments = new Node[parameters.Length];
        for (int i = parameters.Length - 1; i >= 0; i--)
        {
            stack = stack.Pop(out arguments[i]);
        }

        bool wide = parameters.Length > 0 && IsWide(parameters[0].ParameterType);
        return (method.DeclaringType, method.Name) switch
        {
            (Type type, nameof(Math.BigMul)) when type == typeof(Math) && parameters.Length == 3 && wide => new Binary(
                parameters[0].ParameterType == typeof(long) ? BinaryOp.MultiplyHigh : BinaryOp.MultiplyHighUnsigned, arguments[0], arguments[1], true),
            (Type type, nameof(BitOperations.LeadingZeroCount)) when type == typeof(BitOperations) => new Unary(UnaryOp.LeadingZeros, arguments[0], false),
            (Type type, nameof(BitOperations.TrailingZeroCount)) when type == typeof(BitOperations) => new Unary(UnaryOp.TrailingZeros, arguments[0], false),
            (Type type, nameof(BitOperations.PopCount)) when type == typeof(BitOperations) => new Unary(UnaryOp.Ones, arguments[0], false),
            (Type type, nameof(BitOperations.RotateLeft)) when type == typeof(BitOperations) => new Binary(BinaryOp.RotateLeft, arguments[0], arguments[1], wide),
            (Type type, nameof(BitOperations.RotateRight)) when type == typeof(BitOperations) => new Binary(BinaryOp.RotateRight, arguments[0], arguments[1], wide),
            (Type type, nameof(BinaryPrimitives.ReverseEndianness)) when type == typeof(BinaryPrimitives) && wide => new Unary(UnaryOp.ReverseBytes, arguments[0], true),
            (Type type, _) when type == typeof(CarrylessProduct) && Pclmulqdq.IsSupported && CarrylessOf(method.Name) is BinaryOp product => new Binary(product, arguments[0], arguments[1], true),
            (Type type, _) when type == typeof(AesRound) && Aes.IsSupported && AesOf(method.Name) is BinaryOp round => new Binary(round, arguments[0], arguments[1], true),
            _ => Inline(method, arguments),
        };
    }

    // What a call of any other method computes: the expression of its own IL. Narrow arguments would have to be normalised first.
    private Node? Inline(MethodInfo method, Node[] arguments)
    {
        bool known = method.DeclaringType == typeof(Math) || method.Module == typeof(OpInfo).Module;
        bool plain = known && method.IsStatic && !method.IsGenericMethod && _depth < MaximumCalls && Array.TrueForAll(method.GetParameters(), parameter => IsWide(parameter.ParameterType) || parameter.ParameterType == typeof(uint) || parameter.ParameterType == typeof(int));
        return plain && SemanticBody.Read(method) is SemanticBody body ? new NodeBuilder(body, arguments, _depth + 1).Run(0, [], ImmutableDictionary<long, Node>.Empty) : null;
    }

    private static bool IsWide(Type type) => type == typeof(ulong) || type == typeof(long);

    private static UnaryOp? ConversionOf(string name) => name switch
    {
        "conv.i1" => UnaryOp.SignExtend8,
        "conv.i2" => UnaryOp.SignExtend16,
        "conv.u1" => UnaryOp.ZeroExtend8,
        "conv.u2" => UnaryOp.ZeroExtend16,
        "conv.i4" or "conv.u4" => UnaryOp.Truncate32,
        "conv.i8" or "conv.i" => UnaryOp.SignExtend32,
        "conv.u8" or "conv.u" => UnaryOp.ZeroExtend32,
        _ => null,
    };

    private static BinaryOp? BinaryOf(string name) => name switch
    {
        "add" => BinaryOp.Add,
        "sub" => BinaryOp.Subtract,
        "mul" => BinaryOp.Multiply,
        "div" => BinaryOp.Divide,
        "div.un" => BinaryOp.DivideUnsigned,
        "rem" => BinaryOp.Remainder,
        "rem.un" => BinaryOp.RemainderUnsigned,
        "and" => BinaryOp.And,
        "or" => BinaryOp.Or,
        "xor" => BinaryOp.Xor,
        "shl" => BinaryOp.ShiftLeft,
        "shr" => BinaryOp.ShiftRightArithmetic,
        "shr.un" => BinaryOp.ShiftRight,
        _ => null,
    };

    private static BinaryOp? CarrylessOf(string name) => name switch
    {
        nameof(CarrylessProduct.Low) => BinaryOp.CarrylessLow,
        nameof(CarrylessProduct.High) => BinaryOp.CarrylessHigh,
        _ => null,
    };

    private static BinaryOp? AesOf(string name) => name switch
    {
        nameof(AesRound.Encrypt) => BinaryOp.AesEncrypt,
        nameof(AesRound.EncryptLast) => BinaryOp.AesEncryptLast,
        nameof(AesRound.Decrypt) => BinaryOp.AesDecrypt,
        nameof(AesRound.DecryptLast) => BinaryOp.AesDecryptLast,
        _ => null,
    };

    private static Relation RelationOf(string name) => name switch
    {
        "ceq" or "beq" => Relation.Equal,
        "bne.un" => Relation.NotEqual,
        "clt" or "blt" => Relation.Less,
        "clt.un" or "blt.un" => Relation.Below,
        "cgt" or "bgt" => Relation.Greater,
        "cgt.un" or "bgt.un" => Relation.Above,
        "ble" => Relation.LessOrEqual,
        "ble.un" => Relation.BelowOrEqual,
        "bge" => Relation.GreaterOrEqual,
        _ => Relation.AboveOrEqual,
    };

    private static Relation Inverse(Relation relation) => relation switch
    {
        Relation.Equal => Relation.NotEqual,
        Relation.NotEqual => Relation.Equal,
        Relation.Less => Relation.GreaterOrEqual,
        Relation.LessOrEqual => Relation.Greater,
        Relation.Greater => Relation.LessOrEqual,
        Relation.GreaterOrEqual => Relation.Less,
        Relation.Below => Relation.AboveOrEqual,
        Relation.BelowOrEqual => Relation.Above,
        Relation.Above => Relation.BelowOrEqual,
        _ => Relation.Below,
    };
}
