namespace CoveJit.Machines.Options;

/// <summary>The translating tiers above the interpreter.</summary>
[Flags]
public enum Tiers
{
    /// <summary>Everything is interpreted.</summary>
    None = 0,

    /// <summary>Warm blocks become host code at once. On x86-64 hosts.</summary>
    Native = 1,

    /// <summary>Hot regions become IL, compiled in the background.</summary>
    Regions = 2,
}
