using System.Reflection;
using CoveJit.Isa;

namespace CoveJit.Translator.Emission;

/// <summary>The declarations by operation, read when first asked for. Only the translator's own thread uses it.</summary>
internal sealed partial class Declarations
{
    private readonly Declaration?[] _known = new Declaration?[OpInfo.Count];

    /// <summary>The declaration of an operation that is an instruction.</summary>
    public Declaration this[Op op] => _known[(int)op] ??= Read(op);

    private static Declaration Read(Op op)
    {
        MethodInfo method = Find(op) ?? throw new ArgumentOutOfRangeException(nameof(op), op, "not an instruction");
        return new Declaration(method, method.GetParameters(), SemanticBody.Read(method));
    }
}
