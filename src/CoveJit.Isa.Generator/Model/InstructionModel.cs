using CoveJit.Isa.Generator.Encodings;

namespace CoveJit.Isa.Generator.Model;

/// <summary>One declared instruction: all that any emitter needs to know about it.</summary>
/// <param name="Name">The method's name, which is also the name in the Op enumeration.</param>
/// <param name="Mnemonic">Assembler mnemonic; may hold the placeholder {uimm}.</param>
/// <param name="Kind">The kind of declaration.</param>
/// <param name="Encoding">The parsed 32-bit encoding.</param>
/// <param name="Extension">Name of the extension that provides it.</param>
/// <param name="Alternative">Name of a second such extension, or None.</param>
/// <param name="ExtensionMask">Bits of an ExtensionSet any of which enables the instruction.</param>
/// <param name="RequiredMask">The bit of a further extension that must be enabled, or 0.</param>
/// <param name="Hot">Whether the interpreter inlines it.</param>
/// <param name="EndsBlock">Whether a decoded block ends with it.</param>
/// <param name="Operands">Operand template of the disassembler.</param>
/// <param name="Method">Fully qualified name of the semantic method, with global::.</param>
/// <param name="Parameters">Its parameters.</param>
/// <param name="ReturnType">Its return type, spelled like a parameter's.</param>
internal sealed record InstructionModel(
    string Name,
    string Mnemonic,
    InstructionKind Kind,
    Encoding Encoding,
    string Extension,
    string Alternative,
    ulong ExtensionMask,
    ulong RequiredMask,
    bool Hot,
    bool EndsBlock,
    string Operands,
    string Method,
    EquatableArray<ParameterModel> Parameters,
    string ReturnType)
{
    /// <summary>The mnemonic as plain text.</summary>
    public string PlainMnemonic => Mnemonic.Replace("{uimm}", "n");

    /// <summary>Masks each of which must meet the enabled extensions.</summary>
    public IEnumerable<ulong> EnabledMasks => RequiredMask == 0 ? [ExtensionMask] : [ExtensionMask, RequiredMask];

    public bool UsesFloat => Encoding.Fields.Any(operand => operand.IsFloat);

    public bool HasRm => Encoding.Has("rm");

    /// <summary>Whether the instruction may raise floating-point exceptions, or depends on the rounding mode.</summary>
    public bool RaisesFloatFlags => HasRm || Takes("context");

    /// <summary>Whether the instruction writes the integer register rd.</summary>
    public bool WritesRd => Encoding.Has("rd") && (Kind != InstructionKind.System || Takes("rd"));

    /// <summary>Whether the immediate is an offset from the instruction's own address.</summary>
    public bool IsPcRelative => Kind == InstructionKind.Branch || Takes("pc");

    public bool WritesFd => Encoding.Has("fd");

    /// <summary>Whether the instruction's effect depends on the register in field <paramref name="name"/>.</summary>
    public bool Reads(string name)
    {
        bool addresses = Kind is InstructionKind.Load or InstructionKind.Store or InstructionKind.Amo && name == "rs1";
        return Encoding.Has(name) && (Takes(name) || addresses);
    }

    private bool Takes(string name) => Parameters.Any(parameter => parameter.Name == name);
}
