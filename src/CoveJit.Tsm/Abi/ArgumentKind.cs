namespace CoveJit.Tsm.Abi;

/// <summary>What an argument is; the rule that goes with it is checked before a function is called (<see cref="CoveArgument.Check"/>).</summary>
public enum ArgumentKind
{
    /// <summary>Any number.</summary>
    Value,

    /// <summary>Supervisor physical address of a page.</summary>
    Page,

    /// <summary>Supervisor physical address of a structure that the host has written.</summary>
    Structure,

    /// <summary>Supervisor physical address of 64 bytes, or 0 for none.</summary>
    Identity,

    /// <summary>A number of pages, not 0.</summary>
    PageCount,

    /// <summary>tsm_page_type, of a size that page tables can map.</summary>
    PageType,

    /// <summary>A TVM.</summary>
    Guest,

    /// <summary>A vCPU of the TVM.</summary>
    Vcpu,

    /// <summary>A vCPU that the TVM does not have yet.</summary>
    NewVcpu,

    /// <summary>Guest physical address of a page.</summary>
    GuestPage,

    /// <summary>Guest physical address of a structure.</summary>
    GuestStructure,

    /// <summary>A number of bytes, of whole pages, not 0.</summary>
    PageLength,

    /// <summary>A number of bytes.</summary>
    Length,

    /// <summary>An interrupt identity.</summary>
    InterruptIdentity,

    /// <summary>An interrupt identity, or all ones for all.</summary>
    InterruptIdentityOrAll,

    /// <summary>A device behind a root port with IDE, or its interface: segment, bus, device and function number.</summary>
    Device,

    /// <summary>A device interface that is bound to the calling TVM.</summary>
    BoundInterface,
}
