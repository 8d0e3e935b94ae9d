using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace CoveJit.Isa.Generator.Tests;

/// <summary>Runs the generator on declarations given as text.</summary>
internal static class GeneratorHarness
{
    private static readonly ImmutableArray<MetadataReference> Framework =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path))];

    /// <summary>A compilation of the declaration language and a class with <paramref name="members"/>, preceded by <paramref name="attributes"/>.</summary>
    public static CSharpCompilation Compile(string members, string attributes = "")
    {
        string source = $$"""
            using CoveJit.Isa;
            using CoveJit.Isa.Declarations;
            namespace CoveJit.Isa.Extensions;
            {{attributes}}
            public static class Sample
            {
                {{members}}
            }
            """;
        IEnumerable<string> language = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Language"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText);
        IEnumerable<SyntaxTree> trees = language.Prepend("global using System;").Append(source).Select(text => CSharpSyntaxTree.ParseText(text));
        return CSharpCompilation.Create("CoveJit.Isa", trees, Framework, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
    }

    /// <summary>The compilation that sees CoveJit.Isa only as metadata.</summary>
    public static CSharpCompilation Referencing(string assemblyName) => CSharpCompilation.Create(
        assemblyName,
        [],
        Framework.Add(MetadataReference.CreateFromFile(typeof(Op).Assembly.Location)),
        new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));

    public static GeneratorDriverRunResult Run(CSharpCompilation compilation) =>
        CSharpGeneratorDriver.Create(new IsaGenerator()).RunGenerators(compilation).GetRunResult();
}
