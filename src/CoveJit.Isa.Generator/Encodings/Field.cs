namespace CoveJit.Isa.Generator.Encodings;

/// <summary>An operand field of an encoding.</summary>
/// <param name="Name">Its name in the declaration, without prime, bits or condition.</param>
/// <param name="Kind">What the name means.</param>
/// <param name="Compact">Whether it is a three-bit register number standing for x8 to x15.</param>
/// <param name="Segments">Its bits.</param>
/// <param name="Excluded">Values that make the encoding reserved (or another instruction).</param>
internal sealed record Field(string Name, FieldKind Kind, bool Compact, EquatableArray<Segment> Segments, EquatableArray<int> Excluded)
{
    public bool IsInteger => Name is "rd" or "rs1" or "rs2" or "rs3";

    public bool IsFloat => Name is "fd" or "fs1" or "fs2" or "fs3";

    /// <summary>The field's bits in the instruction.</summary>
    public uint InstructionMask => Segments.Aggregate(0u, (mask, segment) => mask | segment.InstructionMask);

    /// <summary>One more than the highest value bit the field gives.</summary>
    public int ValueWidth => Segments.Max(segment => segment.ValueBit + segment.Width);
}
