using CoveJit.Isa.Generator.Emit;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace CoveJit.Isa.Generator;

/// <summary>
/// Derives code from the instruction declarations. What is emitted depends on the assembly being compiled: CoveJit.Isa receives the Op
/// enumeration, the decoder, OpInfo's tables and the disassembler's templates, and its declarations are checked; CoveJit.Hart receives the interpreter,
/// CoveJit.Translator the table of semantic methods.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class IsaGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValueProvider<(string Assembly, InstructionCatalog Catalog)> declarations =
            context.CompilationProvider.Select((compilation, _) => (compilation.Assembly.Name, InstructionCatalog.FromCompilation(compilation)));
        context.RegisterSourceOutput(declarations, (output, input) => Emit(output, input.Assembly, input.Catalog));
    }

    private static void Emit(SourceProductionContext output, string assembly, InstructionCatalog catalog)
    {
        if (assembly == InstructionCatalog.IsaAssembly)
        {
            foreach (DeclarationError error in catalog.Errors)
            {
                output.ReportDiagnostic(error.ToDiagnostic());
            }

            Add(output, "Op", OpEnumEmitter.Emit(catalog));
            Add(output, "OpInfo", OpInfoEmitter.Emit(catalog));
            Add(output, "Decoder", DecoderEmitter.Emit(catalog));
            Add(output, "Disassembler", DisassemblerEmitter.Emit(catalog));
        }
        else if (assembly == InstructionCatalog.HartAssembly)
        {
            Add(output, "Interpreter", InterpreterEmitter.Emit(catalog));
        }
        else if (assembly == InstructionCatalog.TranslatorAssembly)
        {
            Add(output, "Declarations", DeclarationTableEmitter.Emit(catalog));
        }
    }

    private static void Add(SourceProductionContext output, string name, string text) => output.AddSource($"{name}.g.cs", SourceText.From(text, System.Text.Encoding.UTF8));
}
