namespace CoveJit.Memory.Translation;

/// <summary>Privilege modes with their encodings (Privileged, section 1.2).</summary>
public enum PrivilegeMode
{
    /// <summary>U-mode.</summary>
    User = 0,

    /// <summary>S-mode.</summary>
    Supervisor = 1,

    /// <summary>M-mode.</summary>
    Machine = 3,
}
