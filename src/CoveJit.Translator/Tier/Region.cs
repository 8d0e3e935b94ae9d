using System.Reflection.Emit;

namespace CoveJit.Translator.Tier;

/// <summary>Translated code that was installed. The method object keeps the machine code alive.</summary>
/// <param name="block">Address of the block it is the entry of.</param>
/// <param name="pages">Indices of the pages of RAM it was made from.</param>
/// <param name="method">The compiled method.</param>
internal sealed class Region(nint block, ulong[] pages, DynamicMethod method)
{
    /// <summary>
    /// What <see cref="Harts.Code.Block.Credit"/> starts with and may reach: about a thousand stays that were not worth it, in a row, and the region is let go.
    /// </summary>
    public const int MaximumCredit = 1 << 18;

    /// <summary>Address of the block it is the entry of.</summary>
    public nint Block { get; } = block;

    /// <summary>Indices of the pages of RAM it was made from.</summary>
    public IReadOnlyList<ulong> Pages { get; } = pages;

    /// <summary>The compiled method.</summary>
    public DynamicMethod Method { get; } = method;

    /// <summary>Whether nobody can enter it any more.</summary>
    public bool IsRetired { get; set; }
}
