using System.Collections.Immutable;
using CoveJit.Isa.Generator.Encodings;
using CoveJit.Isa.Generator.Model;
using Microsoft.CodeAnalysis;

namespace CoveJit.Isa.Generator;

/// <summary>Turns attributed symbols into models and checks them; works alike on source and on metadata.</summary>
internal sealed class DeclarationCollector
{
    private const string AttributeNamespace = "CoveJit.Isa.Declarations";

    private readonly List<Declared<InstructionModel>> _instructions = [];
    private readonly List<Declared<CompressedModel>> _compressed = [];
    private readonly List<DeclarationError> _errors = [];

    public InstructionCatalog Collect(IEnumerable<INamedTypeSymbol> types)
    {
        List<INamedTypeSymbol> ordered = [.. types.OrderBy(type => type.Name, StringComparer.Ordinal)];
        foreach (IMethodSymbol method in ordered.SelectMany(type => type.GetMembers().OfType<IMethodSymbol>()))
        {
            foreach (AttributeData attribute in method.GetAttributes())
            {
                if (KindOf(attribute) is InstructionKind kind && attribute.ConstructorArguments.Length == 3)
                {
                    AddInstruction(method, attribute, kind);
                }
            }
        }

        foreach (AttributeData attribute in ordered.SelectMany(type => type.GetAttributes()))
        {
            if (IsDeclaration(attribute) && attribute.AttributeClass!.Name == "CompressedAttribute" && attribute.ConstructorArguments.Length == 4)
            {
                AddCompressed(attribute);
            }
        }

        CheckNames();
        CheckOverlaps([.. _instructions.Select(item => (item.Model.Mnemonic, item.Model.Encoding, item.Location))]);
        CheckOverlaps([.. _compressed.Select(item => (item.Model.Mnemonic, item.Model.Encoding, item.Location))]);
        return new InstructionCatalog(
            new(_instructions.Select(item => item.Model)
                .OrderByDescending(model => model.Hot)
                .ThenBy(model => model.Extension, StringComparer.Ordinal)
                .ThenBy(model => model.Name, StringComparer.Ordinal)
                .ToImmutableArray()),
            new(_compressed.Select(item => item.Model)
                .OrderBy(model => model.Mnemonic, StringComparer.Ordinal)
                .ThenBy(model => model.Encoding.Match)
                .ToImmutableArray()),
            new(_errors.ToImmutableArray()));
    }

    private static bool IsDeclaration(AttributeData attribute) => attribute.AttributeClass?.ContainingNamespace.ToDisplayString() == AttributeNamespace;

    private static InstructionKind? KindOf(AttributeData attribute) => !IsDeclaration(attribute) ? null : attribute.AttributeClass!.Name switch
    {
        "InstructionAttribute" => InstructionKind.Alu,
        "LoadAttribute" => InstructionKind.Load,
        "StoreAttribute" => InstructionKind.Store,
        "AmoAttribute" => InstructionKind.Amo,
        "BranchAttribute" => InstructionKind.Branch,
        "JumpAttribute" => InstructionKind.Jump,
        "SystemAttribute" => InstructionKind.System,
        _ => null,
    };

    private static Location LocationOf(AttributeData attribute) => attribute.ApplicationSyntaxReference is SyntaxReference reference
        ? Location.Create(reference.SyntaxTree, reference.Span)
        : Location.None;

    private void AddInstruction(IMethodSymbol method, AttributeData attribute, InstructionKind kind)
    {
        Location location = LocationOf(attribute);
        string mnemonic = attribute.ConstructorArguments[0].Value as string ?? "";
        if (ParseEncoding(attribute, mnemonic, 32, location) is not Encoding encoding)
        {
            return;
        }

        Dictionary<string, TypedConstant> named = attribute.NamedArguments.ToDictionary(pair => pair.Key, pair => pair.Value);
        (string extension, ulong mask) = ExtensionOf(attribute.ConstructorArguments[2]);
        (string alternative, ulong alternativeMask) = named.TryGetValue("Alternative", out TypedConstant second) ? ExtensionOf(second) : ("None", 0);
        bool endsBlock = kind is InstructionKind.Branch or InstructionKind.Jump
            || (kind == InstructionKind.System && !(named.TryGetValue("EndsBlock", out TypedConstant ends) && ends.Value is false));
        InstructionModel model = new(
            method.Name,
            mnemonic,
            kind,
            encoding,
            extension,
            alternative,
            mask | alternativeMask,
            named.TryGetValue("Requires", out TypedConstant required) ? ExtensionOf(required).Mask : 0,
            named.TryGetValue("Hot", out TypedConstant hot) && hot.Value is true,
            endsBlock,
            named.TryGetValue("Operands", out TypedConstant operands) && operands.Value is string text ? text : OperandTemplate.Default(kind, encoding),
            method.ContainingType.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat) + "." + method.Name,
            new(method.Parameters
                .Select(parameter => new ParameterModel(parameter.Name, parameter.Type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat), parameter.RefKind == RefKind.Ref))
                .ToImmutableArray()),
            method.ReturnType.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat));
        if (SignatureChecker.Check(model, method) is string problem)
        {
            _errors.Add(new(Rules.BadSignature, location, method.Name, problem));
            return;
        }

        if (SignatureChecker.MissingOperand(model) is string missing)
        {
            _errors.Add(new(Rules.MissingOperand, location, mnemonic, missing));
            return;
        }

        _instructions.Add(new(model, location));
    }

    private void AddCompressed(AttributeData attribute)
    {
        Location location = LocationOf(attribute);
        string mnemonic = attribute.ConstructorArguments[0].Value as string ?? "";
        if (ParseEncoding(attribute, mnemonic, 16, location) is not Encoding encoding)
        {
            return;
        }

        string expansion = attribute.ConstructorArguments[3].Value as string ?? "";
        ulong mask = ExtensionOf(attribute.ConstructorArguments[2]).Mask;
        if (ExpansionParser.Parse(mnemonic, encoding, mask, expansion, _instructions.Select(item => item.Model), out string error) is CompressedModel model)
        {
            _compressed.Add(new(model, location));
        }
        else
        {
            _errors.Add(new(Rules.BadExpansion, location, mnemonic, error));
        }
    }

    private Encoding? ParseEncoding(AttributeData attribute, string mnemonic, int width, Location location)
    {
        Encoding? encoding = EncodingParser.Parse(attribute.ConstructorArguments[1].Value as string ?? "", out string error);
        if (encoding is null)
        {
            _errors.Add(new(Rules.BadEncoding, location, mnemonic, error));
            return null;
        }

        if (encoding.Width != width)
        {
            _errors.Add(new(Rules.WrongWidth, location, mnemonic, $"{encoding.Width} bits wide, not {width}"));
            return null;
        }

        if ((encoding.Mask & 3) != 3 || ((encoding.Match & 3) == 3) != (width == 32))
        {
            _errors.Add(new(Rules.WrongWidth, location, mnemonic, $"not that of a {width}-bit instruction in its two low bits"));
            return null;
        }

        return encoding;
    }

    private static (string Name, ulong Mask) ExtensionOf(TypedConstant constant)
    {
        string name = constant.Type?.GetMembers().OfType<IFieldSymbol>().FirstOrDefault(field => Equals(field.ConstantValue, constant.Value))?.Name ?? "None";
        // Extension 0 is None, which nothing enables.
        return constant.Value is int number and > 0 and < 64 ? (name, 1UL << number) : (name, 0);
    }

    private void CheckNames()
    {
        foreach (IGrouping<string, Declared<InstructionModel>> group in _instructions.GroupBy(item => item.Model.Name).Where(group => group.Count() > 1))
        {
            Declared<InstructionModel> extra = group.Last();
            _errors.Add(new(Rules.DuplicateName, extra.Location, group.Key, group.First().Model.Mnemonic));
            _instructions.RemoveAll(item => item.Model.Name == group.Key && item != group.First());
        }
    }

    private void CheckOverlaps(List<(string Mnemonic, Encoding Encoding, Location Location)> items)
    {
        for (int i = 0; i < items.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                Encoding a = items[i].Encoding;
                Encoding b = items[j].Encoding;
                bool nested = a.Mask != b.Mask && (a.Contains(b) || b.Contains(a));
                if (a.Overlaps(b) && !nested && !Excludes(a, b) && !Excludes(b, a))
                {
                    _errors.Add(new(Rules.Overlap, items[i].Location, items[i].Mnemonic, items[j].Mnemonic));
                }
            }
        }
    }

    /// <summary>Whether a condition of <paramref name="a"/> rules out what <paramref name="b"/> fixes in the same bits.</summary>
    private static bool Excludes(Encoding a, Encoding b)
    {
        foreach (Field field in a.Fields)
        {
            uint mask = field.InstructionMask;
            if ((b.Mask & mask) != mask)
            {
                continue;
            }

            uint value = 0;
            foreach (Segment segment in field.Segments)
            {
                value |= (b.Match & segment.InstructionMask) >> segment.InstructionBit << segment.ValueBit;
            }

            if (field.Excluded.Contains((int)value) || (field.Kind.NonZero && value == 0) || (field.Name == "rm" && value is 5 or 6))
            {
                return true;
            }
        }

        return false;
    }

    private sealed record Declared<T>(T Model, Location Location);
}
