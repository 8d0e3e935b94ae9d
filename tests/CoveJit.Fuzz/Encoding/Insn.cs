namespace CoveJit.Fuzz.Encoding;

/// <summary>
/// One generated instruction: its bits, its length in bytes (2 or 4), its text, and the jump target that is
/// filled in when the segment is laid out.
/// </summary>
public readonly record struct Insn(uint Word, int Length, string Text, Fixup Fixup = default)
{
    public static Insn Full(uint word, string text) => new(word, 4, text);

    public static Insn Short(uint word, string text) => new(word, 2, text);
}
