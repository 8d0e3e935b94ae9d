using CoveJit.Isa.Generator.Encodings;

namespace CoveJit.Isa.Generator.Emit;

/// <summary>C# expressions over <c>raw</c> that extract fields and test their conditions.</summary>
internal static class FieldExpression
{
    /// <summary>The field's unsigned value, a uint.</summary>
    public static string Unsigned(Field field)
    {
        string bits = string.Join(" | ", field.Segments.Select(Part));
        string grouped = field.Segments.Count > 1 ? $"({bits})" : bits;
        return field.Compact ? $"({grouped} + 8)" : grouped;
    }

    /// <summary>The field's value as an int, sign-extended where its kind says so.</summary>
    public static string Value(Field field)
    {
        int unused = 32 - field.ValueWidth;
        string bits = $"(int){Unsigned(field)}";
        return field.Kind.Signed && unused > 0 ? $"({bits} << {unused}) >> {unused}" : bits;
    }

    /// <summary>The conditions under which the field's value is not reserved.</summary>
    public static IEnumerable<string> Conditions(Field field)
    {
        if (field.Kind.NonZero)
        {
            yield return $"(raw & 0x{field.InstructionMask:x}u) != 0";
        }

        foreach (int value in field.Excluded)
        {
            yield return $"{Unsigned(field)} != {value}";
        }

        if (field.Name == "rm")
        {
            // Rounding modes 5 and 6 are reserved (Unprivileged, "F", table of rounding modes).
            yield return $"{Unsigned(field)} is not (5 or 6)";
        }
    }

    private static string Part(Segment segment)
    {
        uint mask = (uint)((1UL << segment.Width) - 1);
        int shift = segment.InstructionBit - segment.ValueBit;
        uint placed = mask << segment.ValueBit;
        return shift switch
        {
            0 => $"(raw & 0x{placed:x}u)",
            > 0 => $"((raw >> {shift}) & 0x{placed:x}u)",
            _ => $"((raw << {-shift}) & 0x{placed:x}u)",
        };
    }
}
