using CoveJit.Isa.Generator.Encodings;

namespace CoveJit.Isa.Generator.Model;

/// <summary>An operand of an expansion: a field of the 16-bit encoding, or a constant.</summary>
/// <param name="Slot">Where the value goes.</param>
/// <param name="Source">The field, or null for a constant.</param>
/// <param name="Constant">The constant, or the register's number.</param>
internal sealed record Binding(Slot Slot, Field? Source, int Constant);
