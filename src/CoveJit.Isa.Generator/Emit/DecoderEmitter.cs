using CoveJit.Isa.Generator.Encodings;
using CoveJit.Isa.Generator.Model;

namespace CoveJit.Isa.Generator.Emit;

/// <summary>
/// Emits the decoder: a switch over the major opcode with one method for each, inside it switches over whatever bits tell the candidates
/// apart, and at the leaves mask-and-match tests, the most specific first.
/// </summary>
internal static class DecoderEmitter
{
    /// <summary>As many candidates as are tested one after the other without a further switch.</summary>
    private const int LeafSize = 3;

    private static readonly Selector Opcode = new(2, 5);

    /// <summary>funct3, funct5, the rest of funct7, and the place of rs2.</summary>
    private static readonly Selector[] Selectors32 = [new(12, 3), new(27, 5), new(25, 2), new(20, 5)];

    private static readonly Selector Quadrant = new(0, 2);

    private static readonly Selector[] Selectors16 = [new(13, 3), new(10, 2), new(12, 1), new(5, 2), new(2, 5)];

    public static string Emit(InstructionCatalog catalog)
    {
        CodeWriter code = new("CoveJit.Isa");
        code.Open("public static partial class Decoder");
        EmitLevel(code, "Decode32", "Opcode", Opcode, Selectors32, [.. catalog.Instructions.Select(CaseOf)]);
        EmitLevel(code, "Decode16", "Quadrant", Quadrant, Selectors16, [.. catalog.Compressed.Select(CaseOf)]);
        code.Close();
        return code.ToString();
    }

    private static void EmitLevel(CodeWriter code, string method, string child, Selector selector, Selector[] selectors, List<DecoderCase> cases)
    {
        List<IGrouping<uint, DecoderCase>> groups = [.. cases
            .OrderByDescending(item => Bits(item.Encoding.Mask))
            .ThenBy(item => item.Encoding.Match)
            .ThenBy(item => item.Op, StringComparer.Ordinal)
            .GroupBy(item => selector.ValueOf(item.Encoding.Match))
            .OrderBy(group => group.Key)];
        code.Open($"private static void {method}(uint raw, ulong enabled, ref DecodedInstruction i)");
        code.Open($"switch ({selector.Expression})");
        foreach (IGrouping<uint, DecoderCase> group in groups)
        {
            code.Line($"case {group.Key}: {child}{group.Key}(raw, enabled, ref i); break;");
        }

        code.Close();
        code.Close();
        foreach (IGrouping<uint, DecoderCase> group in groups)
        {
            code.Line();
            code.Open($"private static void {child}{group.Key}(uint raw, ulong enabled, ref DecodedInstruction i)");
            EmitTree(code, [.. group], selectors);
            code.Close();
        }

        code.Line();
    }

    private static void EmitTree(CodeWriter code, List<DecoderCase> cases, IReadOnlyList<Selector> selectors)
    {
        int chosen = cases.Count <= LeafSize ? -1 : selectors.ToList().FindIndex(selector => Separates(selector, cases));
        if (chosen < 0)
        {
            foreach (DecoderCase item in cases)
            {
                EmitLeaf(code, item);
            }

            return;
        }

        Selector by = selectors[chosen];
        List<Selector> rest = [.. selectors.Where(selector => selector != by)];
        List<DecoderCase> everywhere = [.. cases.Where(item => !Fixes(by, item))];
        code.Open($"switch ({by.Expression})");
        foreach (IGrouping<uint, DecoderCase> group in cases.Where(item => Fixes(by, item)).GroupBy(item => by.ValueOf(item.Encoding.Match)).OrderBy(group => group.Key))
        {
            code.Open($"case {group.Key}:");
            EmitTree(code, [.. cases.Where(item => group.Contains(item) || everywhere.Contains(item))], rest);
            code.Line("break;");
            code.Close();
        }

        if (everywhere.Count > 0)
        {
            code.Open("default:");
            EmitTree(code, everywhere, rest);
            code.Line("break;");
            code.Close();
        }

        code.Close();
    }

    /// <summary>Whether switching on <paramref name="selector"/> divides the candidates, most of which fix its bits.</summary>
    private static bool Separates(Selector selector, List<DecoderCase> cases)
    {
        List<DecoderCase> fixing = [.. cases.Where(item => Fixes(selector, item))];
        return fixing.Count * 3 >= cases.Count * 2 && fixing.Select(item => selector.ValueOf(item.Encoding.Match)).Distinct().Count() > 1;
    }

    private static bool Fixes(Selector selector, DecoderCase item) => (item.Encoding.Mask & selector.Mask) == selector.Mask;

    private static void EmitLeaf(CodeWriter code, DecoderCase item)
    {
        List<string> tests = [$"(raw & 0x{item.Encoding.Mask:x}u) == 0x{item.Encoding.Match:x}u"];
        tests.AddRange(item.Encoding.Fields.SelectMany(FieldExpression.Conditions));
        tests.AddRange(item.Enabled.Select(mask => $"(enabled & 0x{mask:x}ul) != 0"));
        code.Open($"if ({string.Join(" && ", tests)})");
        code.Line($"i.Op = Op.{item.Op};");
        foreach (string assignment in item.Assignments)
        {
            code.Line(assignment + ";");
        }

        code.Line("return;");
        code.Close();
    }

    private static DecoderCase CaseOf(InstructionModel instruction)
    {
        IEnumerable<string> assignments = instruction.Encoding.Fields.GroupBy(field => field.Kind.Slot).OrderBy(group => group.Key).Select(group =>
            Assignment(group.Key, string.Join(" | ", group.Select(field => field.Kind.Shift == 0 ? FieldExpression.Value(field) : $"({FieldExpression.Value(field)} << {field.Kind.Shift})"))));
        return new DecoderCase(instruction.Encoding, instruction.Name, [.. instruction.EnabledMasks], [.. assignments]);
    }

    private static DecoderCase CaseOf(CompressedModel compressed)
    {
        IEnumerable<string> assignments = compressed.Bindings.OrderBy(binding => binding.Slot).Select(binding =>
            Assignment(binding.Slot, binding.Source is Field source ? FieldExpression.Value(source) : $"{binding.Constant}"));
        ulong[] enabled = [compressed.ExtensionMask, .. compressed.Target.EnabledMasks];
        return new DecoderCase(compressed.Encoding, compressed.Target.Name, enabled, [.. assignments]);
    }

    private static string Assignment(Slot slot, string value) => slot == Slot.Imm ? $"i.Imm = {value}" : $"i.{slot} = (byte)({value})";

    private static int Bits(uint mask)
    {
        int count = 0;
        for (; mask != 0; mask &= mask - 1)
        {
            count++;
        }

        return count;
    }
}
