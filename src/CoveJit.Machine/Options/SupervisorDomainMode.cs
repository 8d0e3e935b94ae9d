namespace CoveJit.Machines.Options;

/// <summary>Whether the managed firmware divides the machine into supervisor domains: <c>--mpt</c>.</summary>
public enum SupervisorDomainMode
{
    /// <summary>Everything is one domain, under no memory protection table.</summary>
    Off,

    /// <summary>The kernel runs in the host's domain, whose table gives it all RAM but the tables', by the largest leaves.</summary>
    On,

    /// <summary>The same with every page of 4 KiB by a tuple of its own, to measure what that costs.</summary>
    Pages,
}
