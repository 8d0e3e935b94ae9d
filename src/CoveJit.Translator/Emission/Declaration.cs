using System.Reflection;

namespace CoveJit.Translator.Emission;

/// <summary>An instruction's declaration as the translator uses it: the semantic method, and its own IL where that can be spliced into a region.</summary>
/// <param name="Method">The semantic method.</param>
/// <param name="Parameters">Its parameters, named after operands.</param>
/// <param name="Body">Its IL, or null if it must be called.</param>
internal sealed record Declaration(MethodInfo Method, ParameterInfo[] Parameters, SemanticBody? Body)
{
    /// <summary>What a load or an atomic takes from memory, or a store puts there: its width and sign.</summary>
    public Type MemoryType { get; } = Array.Find(Parameters, parameter => parameter.Name is "value" or "memory")?.ParameterType ?? Method.ReturnType;

    /// <summary>Bytes of a <see cref="MemoryType"/>.</summary>
    public int MemorySize => Type.GetTypeCode(MemoryType) switch
    {
        TypeCode.Byte or TypeCode.SByte => 1,
        TypeCode.UInt16 or TypeCode.Int16 => 2,
        TypeCode.UInt32 or TypeCode.Int32 => 4,
        _ => 8,
    };
}
