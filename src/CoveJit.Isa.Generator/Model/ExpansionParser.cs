using System.Collections.Immutable;
using System.Globalization;
using CoveJit.Isa.Generator.Encodings;

namespace CoveJit.Isa.Generator.Model;

/// <summary>Reads the expansion of a compressed declaration: a mnemonic, then operands in the order of the target's operand template.</summary>
internal static class ExpansionParser
{
    /// <summary>Binds the operands of <paramref name="expansion"/>; returns null and a message where it is not understood.</summary>
    public static CompressedModel? Parse(string mnemonic, Encoding encoding, ulong extensionMask, string expansion, IEnumerable<InstructionModel> targets, out string error)
    {
        string[] words = expansion.Split([' ', ',', '(', ')'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || targets.FirstOrDefault(candidate => candidate.Mnemonic == words[0]) is not InstructionModel target)
        {
            error = $"no instruction is called '{(words.Length == 0 ? "" : words[0])}'";
            return null;
        }

        List<string> placeholders = [.. OperandTemplate.Placeholders(target.Operands).Where(name => name != "rm")];
        if (placeholders.Count != words.Length - 1)
        {
            error = $"'{target.Mnemonic}' has {placeholders.Count} operands: {target.Operands}";
            return null;
        }

        List<Binding> bindings = [];
        for (int i = 0; i < placeholders.Count; i++)
        {
            Field field = target.Encoding.Find(OperandTemplate.FieldOf(placeholders[i]))!;
            if (Bind(words[i + 1], field, encoding) is not Binding binding)
            {
                error = $"operand '{words[i + 1]}' is neither a field of the encoding nor a constant that fits '{field.Name}'";
                return null;
            }

            bindings.Add(binding);
        }

        error = "";
        return new CompressedModel(mnemonic, encoding, extensionMask, target, new(bindings.ToImmutableArray()));
    }

    private static Binding? Bind(string word, Field target, Encoding encoding)
    {
        bool register = target.IsInteger || target.IsFloat;
        if (encoding.Find(word.TrimEnd('\'')) is Field source)
        {
            bool fits = register ? source.IsInteger == target.IsInteger && source.IsFloat == target.IsFloat : source.Kind.Slot == target.Kind.Slot;
            return fits ? new Binding(target.Kind.Slot, source, 0) : null;
        }

        if (register)
        {
            bool named = word.StartsWith(target.IsFloat ? "f" : "x", StringComparison.Ordinal);
            return named && TryNumber(word.Substring(1), out int number) && number is >= 0 and < 32 ? new Binding(target.Kind.Slot, null, number) : null;
        }

        return TryNumber(word, out int constant) ? new Binding(target.Kind.Slot, null, constant) : null;
    }

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
}
