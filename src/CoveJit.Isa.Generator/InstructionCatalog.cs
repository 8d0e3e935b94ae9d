using System.Collections.Immutable;
using CoveJit.Isa.Generator.Encodings;
using CoveJit.Isa.Generator.Model;
using Microsoft.CodeAnalysis;

namespace CoveJit.Isa.Generator;

/// <summary>All declarations of the namespace CoveJit.Isa.Extensions, and the mistakes found in them.</summary>
/// <param name="Instructions">The instructions in the order of the Op enumeration: hot ones first, then by extension and name.</param>
/// <param name="Compressed">The compressed encodings, ordered by mnemonic and fixed bits.</param>
/// <param name="Errors">What is wrong with the declarations.</param>
internal sealed record InstructionCatalog(EquatableArray<InstructionModel> Instructions, EquatableArray<CompressedModel> Compressed, EquatableArray<DeclarationError> Errors)
{
    /// <summary>The assembly that holds the declarations.</summary>
    public const string IsaAssembly = "CoveJit.Isa";

    /// <summary>The assembly that receives the interpreter.</summary>
    public const string HartAssembly = "CoveJit.Hart";

    /// <summary>The assembly that receives the table of semantic methods.</summary>
    public const string TranslatorAssembly = "CoveJit.Translator";

    /// <summary>
    /// Collects the declarations that <paramref name="compilation"/> sees: its own if it is CoveJit.Isa, otherwise those in the metadata of the
    /// CoveJit.Isa it references.
    /// </summary>
    public static InstructionCatalog FromCompilation(Compilation compilation)
    {
        IAssemblySymbol? assembly = compilation.Assembly.Name == IsaAssembly
            ? compilation.Assembly
            : compilation.SourceModule.ReferencedAssemblySymbols.FirstOrDefault(reference => reference.Name == IsaAssembly);
        INamespaceSymbol? extensions = assembly?.GlobalNamespace;
        foreach (string part in new[] { "CoveJit", "Isa", "Extensions" })
        {
            extensions = extensions?.GetNamespaceMembers().FirstOrDefault(member => member.Name == part);
        }

        return new DeclarationCollector().Collect(extensions?.GetTypeMembers() ?? []);
    }
}
