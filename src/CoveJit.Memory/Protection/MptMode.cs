namespace CoveJit.Memory.Protection;

/// <summary>Formats of the memory protection table, and none.</summary>
public enum MptMode
{
    /// <summary>No table: everything is permitted.</summary>
    Bare,

    /// <summary>43-bit physical addresses, 3 levels.</summary>
    Smmpt43,

    /// <summary>52-bit physical addresses, 4 levels.</summary>
    Smmpt52,

    /// <summary>64-bit physical addresses, 5 levels, a root of 32 KiB.</summary>
    Smmpt64,

    /// <summary>The memory tracking table of the drafts of 2024, for 46-bit physical addresses.</summary>
    Smmtt46,

    /// <summary>The memory tracking table of the drafts of 2024, for 56-bit physical addresses.</summary>
    Smmtt56,
}
