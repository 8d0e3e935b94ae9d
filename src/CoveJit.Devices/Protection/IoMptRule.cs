using CoveJit.Devices.Pcie;

namespace CoveJit.Devices.Protection;

/// <summary>Which transactions of a source a classifier rule is about: TEE_FLT of an SDCL entry.</summary>
public enum TeeFilter : byte
{
    /// <summary>All.</summary>
    Any = 0,

    /// <summary>Those of a TEE device interface: the T bit is set.</summary>
    Trusted = 1,

    /// <summary>The others.</summary>
    Untrusted = 2,
}

/// <summary>A rule of the supervisor domain classifier: whose the transactions of PCIe functions are (Supervisor Domains Access Protection 0.9, I/O MPT checker, "SDCL").</summary>
/// <param name="First">First requester that it is about.</param>
/// <param name="Last">The last one.</param>
/// <param name="Filter">Which of their transactions.</param>
/// <param name="Sdid">The domain.</param>
public readonly record struct IoMptRule(RequesterId First, RequesterId Last, TeeFilter Filter, uint Sdid)
{
    /// <summary>Whether a request is one of those that the rule is about.</summary>
    public bool Matches(in PcieRequest request) =>
        request.Requester.Value >= First.Value && request.Requester.Value <= Last.Value
        && Filter switch
        {
            TeeFilter.Any => true,
            TeeFilter.Trusted => request.Trusted,
            _ => !request.Trusted,
        };
}
