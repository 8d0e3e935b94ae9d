using CoveJit.Harts.Execution;

namespace CoveJit.Translator.X64.Blocks;

/// <summary>An exit in 32 bits, so that each of the many ways out of a block takes two short instructions.</summary>
internal static class ExitRecord
{
    /// <summary>The page offset: up to the page's end.</summary>
    public const int OffsetMask = 0x1FFF;

    /// <summary>Where the refund starts: instructions taken from the budget but not executed.</summary>
    public const int RefundShift = 13;

    /// <summary>A refund, shifted down: no block has more instructions.</summary>
    public const int RefundMask = 0xFF;

    /// <summary>Where the <see cref="TranslatedExit"/> starts.</summary>
    public const int ExitShift = 21;

    /// <summary>Packs an exit.</summary>
    public static int Of(int offset, int refund, TranslatedExit exit) => offset | (refund << RefundShift) | ((int)exit << ExitShift);
}
