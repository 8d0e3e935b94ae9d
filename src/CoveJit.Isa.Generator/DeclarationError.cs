using Microsoft.CodeAnalysis;

namespace CoveJit.Isa.Generator;

/// <summary>A mistake in a declaration, to be reported as a compiler error.</summary>
/// <param name="Rule">The rule broken, one of <see cref="Rules"/>.</param>
/// <param name="Location">The attribute, or none for a declaration from metadata.</param>
/// <param name="Subject">The declaration's mnemonic or method.</param>
/// <param name="Detail">What is wrong.</param>
internal sealed record DeclarationError(DiagnosticDescriptor Rule, Location Location, string Subject, string Detail)
{
    public Diagnostic ToDiagnostic() => Diagnostic.Create(Rule, Location, Subject, Detail);
}
