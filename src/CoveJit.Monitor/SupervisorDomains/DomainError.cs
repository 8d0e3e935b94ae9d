namespace CoveJit.Monitor.SupervisorDomains;

/// <summary>Why the root domain security manager has refused something; then it has changed nothing.</summary>
public enum DomainError
{
    /// <summary>Done.</summary>
    None,

    /// <summary>The range is empty, not of whole pages, or not all RAM.</summary>
    BadRange,

    /// <summary>A page of the range does not belong to the domain.</summary>
    NotOwner,

    /// <summary>A page of the range is shared, or, to end sharing, is not.</summary>
    BadSharing,

    /// <summary>The permissions have a reserved encoding: W without R.</summary>
    BadPermissions,

    /// <summary>The memory for protection tables, or the number of domains, is used up.</summary>
    OutOfMemory,

    /// <summary>The domain still has pages, or a hart is in it.</summary>
    InUse,
}
