namespace CoveJit.Isa.Generator.Encodings;

/// <summary>A parsed encoding: the fixed bits and the operand fields.</summary>
/// <param name="Width">Width in bits: 16 or 32.</param>
/// <param name="Mask">Which bits are fixed.</param>
/// <param name="Match">Their values.</param>
/// <param name="Fields">The operand fields, in the order of their first mention.</param>
internal sealed record Encoding(int Width, uint Mask, uint Match, EquatableArray<Field> Fields)
{
    /// <summary>The field called <paramref name="name"/>, or null.</summary>
    public Field? Find(string name) => Fields.FirstOrDefault(candidate => candidate.Name == name);

    public bool Has(string name) => Find(name) is not null;

    /// <summary>Whether some instruction word matches the fixed bits of both.</summary>
    public bool Overlaps(Encoding other) => Width == other.Width && (Mask & other.Mask & (Match ^ other.Match)) == 0;

    /// <summary>Whether every word that matches <paramref name="other"/>'s fixed bits matches these as well.</summary>
    public bool Contains(Encoding other) => (Mask & ~other.Mask) == 0 && ((Match ^ other.Match) & Mask) == 0;
}
