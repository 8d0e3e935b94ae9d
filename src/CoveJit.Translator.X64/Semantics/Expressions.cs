using CoveJit.Isa;
using CoveJit.Translator.Emission;

namespace CoveJit.Translator.X64.Semantics;

/// <summary>The declared instructions as expressions, by operation, built when first asked for.</summary>
internal sealed class Expressions
{
    private readonly Declarations _declarations = new();
    private readonly (bool Known, Node? Node)[] _nodes = new (bool, Node?)[OpInfo.Count];

    /// <summary>The declaration of an operation.</summary>
    public Declaration DeclarationOf(Op op) => _declarations[op];

    /// <summary>The expression of an operation; null if it has none.</summary>
    public Node? this[Op op]
    {
        get
        {
            ref (bool Known, Node? Node) entry = ref _nodes[(int)op];
            if (!entry.Known)
            {
                entry = (true, NodeBuilder.Build(_declarations[op]));
            }

            return entry.Node;
        }
    }
}
