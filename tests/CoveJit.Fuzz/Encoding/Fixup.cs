namespace CoveJit.Fuzz.Encoding;

/// <summary>Which offset field of an instruction has to be completed.</summary>
public enum FixupKind
{
    None,
    Branch,
    Jump,
    CompressedBranch,
    CompressedJump,

    /// <summary><c>auipc</c>: the upper part of the distance to the target.</summary>
    PcRelativeHigh,

    /// <summary><c>addi</c> right behind its <c>auipc</c>: the lower part.</summary>
    PcRelativeLow,
}

/// <summary>
/// A target: either an instruction of the same item (<paramref name="Item"/> is -1, <paramref name="Index"/>
/// counts instructions, the item's length meaning its end), or the first item whose number is at least
/// <paramref name="Item"/>, so that targets survive the removal of items.
/// </summary>
public readonly record struct Fixup(FixupKind Kind, int Item, int Index)
{
    public static Fixup Local(FixupKind kind, int index) => new(kind, -1, index);

    public static Fixup ToItem(FixupKind kind, int item) => new(kind, item, 0);
}
