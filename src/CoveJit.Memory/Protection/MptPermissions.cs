using CoveJit.Memory.Translation;

namespace CoveJit.Memory.Protection;

/// <summary>The XWR tuple of a memory protection table: what a supervisor domain may do with a page.</summary>
[Flags]
public enum MptPermissions : byte
{
    /// <summary>No access.</summary>
    None = 0,

    /// <summary>R: loads.</summary>
    Read = 1,

    /// <summary>W: stores and AMOs; only together with R.</summary>
    Write = 2,

    /// <summary>X: fetches.</summary>
    Execute = 4,

    /// <summary>Loads and stores.</summary>
    ReadWrite = Read | Write,

    /// <summary>Everything.</summary>
    All = Read | Write | Execute,
}

/// <summary>What the tuples mean.</summary>
public static class MptPermissionsExtensions
{
    /// <summary>Whether an access is permitted.</summary>
    public static bool Permit(this MptPermissions permissions, AccessType access) => access switch
    {
        AccessType.Read => (permissions & MptPermissions.Read) != 0,
        AccessType.Write => (permissions & MptPermissions.Write) != 0,
        _ => (permissions & MptPermissions.Execute) != 0,
    };

    /// <summary>Whether the tuple is one of the reserved encodings: W without R.</summary>
    public static bool IsReserved(this MptPermissions permissions) => (permissions & MptPermissions.ReadWrite) == MptPermissions.Write;
}
