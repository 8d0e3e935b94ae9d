namespace CoveJit.Machines.Options;

/// <summary>How a virtual machine is kept apart from its hypervisor.</summary>
public enum VirtualMachineKind
{
    /// <summary>Not at all: the hypervisor sees everything.</summary>
    Plain,

    /// <summary>By the TEE security manager: the hypervisor sees what the virtual machine shares.</summary>
    Confidential,
}
