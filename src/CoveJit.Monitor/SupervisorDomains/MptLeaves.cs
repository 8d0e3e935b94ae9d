namespace CoveJit.Monitor.SupervisorDomains;

/// <summary>How a memory protection table is built.</summary>
public enum MptLeaves
{
    /// <summary>From the largest leaves and NAPOT groups that its permissions allow: split and merged as they change.</summary>
    Largest,

    /// <summary>Every page of 4 KiB by a tuple of its own at the last level, to measure what that costs.</summary>
    Pages,
}
