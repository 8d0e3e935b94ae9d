using CoveJit.Isa.Generator.Encodings;

namespace CoveJit.Isa.Generator.Model;

/// <summary>One declared 16-bit encoding with the instruction it expands to.</summary>
/// <param name="Mnemonic">Assembler mnemonic.</param>
/// <param name="Encoding">The parsed 16-bit encoding.</param>
/// <param name="ExtensionMask">Bits of an ExtensionSet any of which enables the encoding.</param>
/// <param name="Target">The instruction it expands to; its extension must be enabled as well.</param>
/// <param name="Bindings">What each operand of the target is.</param>
internal sealed record CompressedModel(string Mnemonic, Encoding Encoding, ulong ExtensionMask, InstructionModel Target, EquatableArray<Binding> Bindings);
