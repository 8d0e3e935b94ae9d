using System.Buffers.Binary;
using System.Numerics;
using CoveJit.Isa.Cryptography;
using CoveJit.Translator.X64.Semantics;

namespace CoveJit.Translator.X64.Tests.Semantics;

/// <summary>What an expression means, as plainly as can be. A narrow value is zero-extended.</summary>
internal static class Evaluator
{
    public static ulong Evaluate(Node node, ulong[] arguments)
    {
        ulong value = node switch
        {
            Parameter parameter => arguments[parameter.Index],
            Constant constant => (ulong)constant.Value,
            Unary unary => Apply(unary.Op, Evaluate(unary.Operand, arguments), unary.Operand.Wide),
            Binary binary => binary.Wide
                ? Apply(binary.Op, Evaluate(binary.Left, arguments), Evaluate(binary.Right, arguments))
                : Apply(binary.Op, (uint)Evaluate(binary.Left, arguments), (uint)Evaluate(binary.Right, arguments)),
            Comparison comparison => Holds(comparison, arguments) ? 1UL : 0,
            Choice choice => Evaluate(Evaluate(choice.Test, arguments) != 0 ? choice.Then : choice.Else, arguments),
            _ => throw new InvalidOperationException($"{node} has no value"),
        };
        return node.Wide ? value : (uint)value;
    }

    private static bool Holds(Comparison comparison, ulong[] arguments)
    {
        ulong left = Evaluate(comparison.Left, arguments);
        ulong right = Evaluate(comparison.Right, arguments);
        (long a, long b) = comparison.Left.Wide ? ((long)left, (long)right) : ((int)left, (int)right);
        return comparison.Relation switch
        {
            Relation.Equal => left == right,
            Relation.NotEqual => left != right,
            Relation.Less => a < b,
            Relation.LessOrEqual => a <= b,
            Relation.Greater => a > b,
            Relation.GreaterOrEqual => a >= b,
            Relation.Below => left < right,
            Relation.BelowOrEqual => left <= right,
            Relation.Above => left > right,
            _ => left >= right,
        };
    }

    private static ulong Apply(UnaryOp op, ulong value, bool wide) => op switch
    {
        UnaryOp.Negate => 0 - value,
        UnaryOp.Not => ~value,
        UnaryOp.SignExtend8 => (ulong)(sbyte)value,
        UnaryOp.SignExtend16 => (ulong)(short)value,
        UnaryOp.SignExtend32 => (ulong)(int)value,
        UnaryOp.ZeroExtend8 => (byte)value,
        UnaryOp.ZeroExtend16 => (ushort)value,
        UnaryOp.ZeroExtend32 or UnaryOp.Truncate32 => (uint)value,
        UnaryOp.LeadingZeros => (ulong)(wide ? BitOperations.LeadingZeroCount(value) : BitOperations.LeadingZeroCount((uint)value)),
        UnaryOp.TrailingZeros => (ulong)(wide ? BitOperations.TrailingZeroCount(value) : BitOperations.TrailingZeroCount((uint)value)),
        UnaryOp.Ones => (ulong)BitOperations.PopCount(value),
        _ => BinaryPrimitives.ReverseEndianness(value),
    };

    private static ulong Apply(BinaryOp op, ulong a, ulong b) => op switch
    {
        BinaryOp.Add => a + b,
        BinaryOp.Subtract => a - b,
        BinaryOp.And => a & b,
        BinaryOp.Or => a | b,
        BinaryOp.Xor => a ^ b,
        BinaryOp.Multiply => a * b,
        BinaryOp.ShiftLeft => a << (int)b,
        BinaryOp.ShiftRight => a >> (int)b,
        BinaryOp.ShiftRightArithmetic => (ulong)((long)a >> (int)b),
        BinaryOp.Divide => (ulong)((long)a / (long)b),
        BinaryOp.DivideUnsigned => a / b,
        BinaryOp.Remainder => (ulong)((long)a % (long)b),
        BinaryOp.RemainderUnsigned => a % b,
        BinaryOp.RotateLeft => BitOperations.RotateLeft(a, (int)b),
        BinaryOp.RotateRight => BitOperations.RotateRight(a, (int)b),
        BinaryOp.CarrylessLow => (ulong)CarrylessProduct.MultiplyPortably(a, b),
        BinaryOp.CarrylessHigh => (ulong)(CarrylessProduct.MultiplyPortably(a, b) >> 64),
        BinaryOp.AesEncrypt => AesRound.EncryptPortably(a, b),
        BinaryOp.AesEncryptLast => AesRound.EncryptLastPortably(a, b),
        BinaryOp.AesDecrypt => AesRound.DecryptPortably(a, b),
        BinaryOp.AesDecryptLast => AesRound.DecryptLastPortably(a, b),
        BinaryOp.MultiplyHigh => (ulong)Math.BigMul((long)a, (long)b, out _),
        _ => Math.BigMul(a, b, out _),
    };

    private static uint Apply(BinaryOp op, uint a, uint b) => op switch
    {
        BinaryOp.ShiftRight => a >> (int)b,
        BinaryOp.ShiftLeft => a << (int)b,
        BinaryOp.ShiftRightArithmetic => (uint)((int)a >> (int)b),
        BinaryOp.Divide => (uint)((int)a / (int)b),
        BinaryOp.Remainder => (uint)((int)a % (int)b),
        BinaryOp.RotateLeft => BitOperations.RotateLeft(a, (int)b),
        BinaryOp.RotateRight => BitOperations.RotateRight(a, (int)b),
        BinaryOp.MultiplyHigh or BinaryOp.MultiplyHighUnsigned => throw new InvalidOperationException("only of wide values"),
        _ => (uint)Apply(op, (ulong)a, b),
    };
}
