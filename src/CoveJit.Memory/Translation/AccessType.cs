namespace CoveJit.Memory.Translation;

/// <summary>The kind of a memory access; AMOs and SC count as stores.</summary>
public enum AccessType
{
    /// <summary>A load.</summary>
    Read,

    /// <summary>A store or an AMO.</summary>
    Write,

    /// <summary>An instruction fetch.</summary>
    Execute,
}
