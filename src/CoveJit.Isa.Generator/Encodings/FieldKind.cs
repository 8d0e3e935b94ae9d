namespace CoveJit.Isa.Generator.Encodings;

/// <summary>What the declaration language knows about a field name.</summary>
/// <param name="Slot">Where the decoder puts the value.</param>
/// <param name="Width">Width in bits, or 0 where the declaration gives the bits in brackets.</param>
/// <param name="Shift">Position in the slot, for fields that share one.</param>
/// <param name="Signed">Whether the value is sign-extended from its highest bit.</param>
/// <param name="NonZero">Whether the value zero is reserved.</param>
internal sealed record FieldKind(Slot Slot, int Width, int Shift = 0, bool Signed = false, bool NonZero = false)
{
    private static readonly Dictionary<string, FieldKind> Kinds = new(StringComparer.Ordinal)
    {
        ["rd"] = new(Slot.Rd, 5),
        ["fd"] = new(Slot.Rd, 5),
        ["rs1"] = new(Slot.Rs1, 5),
        ["fs1"] = new(Slot.Rs1, 5),
        ["zimm"] = new(Slot.Rs1, 5),
        ["rs2"] = new(Slot.Rs2, 5),
        ["fs2"] = new(Slot.Rs2, 5),
        ["rs3"] = new(Slot.Rs3, 5),
        ["fs3"] = new(Slot.Rs3, 5),
        ["aq"] = new(Slot.Rs3, 1, Shift: 1),
        ["rl"] = new(Slot.Rs3, 1),
        ["rm"] = new(Slot.Rm, 3),
        ["csr"] = new(Slot.Imm, 12),
        ["fm"] = new(Slot.Imm, 4, Shift: 8),
        ["pred"] = new(Slot.Imm, 4, Shift: 4),
        ["succ"] = new(Slot.Imm, 4),
        ["bs"] = new(Slot.Imm, 2),
        ["rnum"] = new(Slot.Imm, 4),
        ["shamt"] = new(Slot.Imm, 0),
        ["imm"] = new(Slot.Imm, 0, Signed: true),
        ["uimm"] = new(Slot.Imm, 0),
        ["nzimm"] = new(Slot.Imm, 0, Signed: true, NonZero: true),
        ["nzuimm"] = new(Slot.Imm, 0, NonZero: true),
    };

    /// <summary>The kind of the field called <paramref name="name"/>, or null.</summary>
    public static FieldKind? Find(string name) => Kinds.TryGetValue(name, out FieldKind? kind) ? kind : null;
}
