using CoveJit.Isa.Generator.Encodings;

namespace CoveJit.Isa.Generator.Emit;

/// <summary>One encoding as the decoder sees it.</summary>
/// <param name="Encoding">Its bits.</param>
/// <param name="Op">Name of the operation it decodes to.</param>
/// <param name="Enabled">Masks each of which must meet the enabled extensions.</param>
/// <param name="Assignments">What each slot receives, as C# expressions.</param>
internal sealed record DecoderCase(Encoding Encoding, string Op, IReadOnlyList<ulong> Enabled, IReadOnlyList<string> Assignments);
