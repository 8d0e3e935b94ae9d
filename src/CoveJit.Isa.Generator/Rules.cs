using Microsoft.CodeAnalysis;

namespace CoveJit.Isa.Generator;

/// <summary>The rules declarations obey; each message takes the declaration and the detail.</summary>
internal static class Rules
{
    private const string Category = "CoveJit.Isa";

    public static readonly DiagnosticDescriptor BadEncoding =
        new("COVE001", "Encoding text that cannot be read", "Encoding of '{0}': {1}", Category, DiagnosticSeverity.Error, isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor WrongWidth =
        new("COVE002", "Encoding of the wrong width", "Encoding of '{0}' is {1}", Category, DiagnosticSeverity.Error, isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor Overlap =
        new("COVE003", "Overlapping encodings", "Encodings of '{0}' and '{1}' overlap and neither contains the other", Category, DiagnosticSeverity.Error, isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor BadExpansion =
        new("COVE004", "Compressed expansion that cannot be understood", "Expansion of '{0}': {1}", Category, DiagnosticSeverity.Error, isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor MissingOperand =
        new("COVE005", "Operand without a field", "Operand '{1}' of '{0}' has no field in the encoding", Category, DiagnosticSeverity.Error, isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor DuplicateName =
        new("COVE006", "Two instructions of one name", "The name '{0}' is also that of '{1}'", Category, DiagnosticSeverity.Error, isEnabledByDefault: true);

    public static readonly DiagnosticDescriptor BadSignature =
        new("COVE007", "Semantic method with the wrong signature", "Method '{0}': {1}", Category, DiagnosticSeverity.Error, isEnabledByDefault: true);
}
