using System.Reflection;
using System.Reflection.Emit;

namespace CoveJit.Translator.Emission;

/// <summary>One instruction of a semantic method's IL.</summary>
/// <param name="OpCode">The operation; branches in their long form.</param>
/// <param name="Kind">What the operand is.</param>
/// <param name="Number">The operand if it is a number: constant, argument, local, or the index of the branch target.</param>
/// <param name="Real">The operand if it is a floating-point constant.</param>
/// <param name="Member">The operand if it is a member.</param>
internal readonly record struct IlOperation(OpCode OpCode, IlOperand Kind, long Number, double Real, MemberInfo? Member);

/// <summary>Kinds of operand of an <see cref="IlOperation"/>.</summary>
internal enum IlOperand
{
    /// <summary>None.</summary>
    None,

    /// <summary>A 32-bit constant.</summary>
    Int32,

    /// <summary>A 64-bit constant.</summary>
    Int64,

    /// <summary>A single-precision constant.</summary>
    Single,

    /// <summary>A double-precision constant.</summary>
    Double,

    /// <summary>Loads an argument.</summary>
    Argument,

    /// <summary>A local variable.</summary>
    Local,

    /// <summary>A forward branch; the number is the target's index.</summary>
    Branch,

    /// <summary>A method, field or type.</summary>
    Member,

    /// <summary>Returns.</summary>
    Return,
}
