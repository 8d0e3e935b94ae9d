using System.Reflection;

namespace CoveJit.Translator.X64.Semantics;

/// <summary>A semantic method as an expression: what its IL computes, without stack and branches.</summary>
/// <param name="Wide">Whether the value is 64 bits wide; otherwise 32.</param>
internal abstract record Node(bool Wide);

/// <summary>A parameter of the method.</summary>
internal sealed record Parameter(int Index, bool Wide) : Node(Wide);

/// <summary>A constant.</summary>
internal sealed record Constant(long Value, bool Wide) : Node(Wide);

/// <summary>Two-operand operations.</summary>
internal enum BinaryOp
{
    Add,
    Subtract,
    And,
    Or,
    Xor,
    Multiply,
    ShiftLeft,
    ShiftRight,
    ShiftRightArithmetic,
    Divide,
    DivideUnsigned,
    Remainder,
    RemainderUnsigned,
    RotateLeft,
    RotateRight,
    MultiplyHigh,
    MultiplyHighUnsigned,
    CarrylessLow,
    CarrylessHigh,
    AesEncrypt,
    AesEncryptLast,
    AesDecrypt,
    AesDecryptLast,
}

/// <summary>An operation on two values.</summary>
internal sealed record Binary(BinaryOp Op, Node Left, Node Right, bool Wide) : Node(Wide);

/// <summary>One-operand operations.</summary>
internal enum UnaryOp
{
    Negate,
    Not,
    SignExtend8,
    SignExtend16,
    SignExtend32,
    ZeroExtend8,
    ZeroExtend16,
    ZeroExtend32,
    Truncate32,
    LeadingZeros,
    TrailingZeros,
    Ones,
    ReverseBytes,
}

/// <summary>An operation on one value.</summary>
/// <param name="Op">The operation.</param>
/// <param name="Operand">The value.</param>
/// <param name="Wide">Width of the result.</param>
internal sealed record Unary(UnaryOp Op, Node Operand, bool Wide) : Node(Wide);

/// <summary>Relations.</summary>
internal enum Relation
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Below,
    BelowOrEqual,
    Above,
    AboveOrEqual,
}

/// <summary>1 if the relation holds, else 0.</summary>
internal sealed record Comparison(Relation Relation, Node Left, Node Right) : Node(false);

/// <summary>One of two values.</summary>
internal sealed record Choice(Node Test, Node Then, Node Else, bool Wide) : Node(Wide);

/// <summary>A method call that has no translation; its presence makes the whole method untranslatable.</summary>
internal sealed record Unknown(MemberInfo? Member) : Node(true);
