namespace CoveJit.Harts.Traps;

/// <summary>Interrupt codes: bit positions in mip and mie (Privileged, "Machine Interrupt Registers").</summary>
public static class InterruptCode
{
    /// <summary>Supervisor software interrupt.</summary>
    public const int SupervisorSoftware = 1;

    /// <summary>Virtual supervisor software interrupt.</summary>
    public const int VirtualSupervisorSoftware = 2;

    /// <summary>Machine software interrupt.</summary>
    public const int MachineSoftware = 3;

    /// <summary>Supervisor timer interrupt.</summary>
    public const int SupervisorTimer = 5;

    /// <summary>Virtual supervisor timer interrupt.</summary>
    public const int VirtualSupervisorTimer = 6;

    /// <summary>Machine timer interrupt.</summary>
    public const int MachineTimer = 7;

    /// <summary>Supervisor external interrupt.</summary>
    public const int SupervisorExternal = 9;

    /// <summary>Virtual supervisor external interrupt.</summary>
    public const int VirtualSupervisorExternal = 10;

    /// <summary>Machine external interrupt.</summary>
    public const int MachineExternal = 11;

    /// <summary>Supervisor guest external interrupt.</summary>
    public const int SupervisorGuestExternal = 12;

    /// <summary>Local counter-overflow interrupt (Sscofpmf).</summary>
    public const int CounterOverflow = 13;

    /// <summary>Supervisor domain external interrupt (Smsdia).</summary>
    public const int SupervisorDomainExternal = 14;

    /// <summary>Mask of the S-level interrupts: those that mideleg can delegate.</summary>
    public const ulong SupervisorMask = (1UL << SupervisorSoftware) | (1UL << SupervisorTimer) | (1UL << SupervisorExternal) | (1UL << CounterOverflow);

    /// <summary>Mask of the VS-level interrupts: those that hideleg can delegate.</summary>
    public const ulong VirtualMask = (1UL << VirtualSupervisorSoftware) | (1UL << VirtualSupervisorTimer) | (1UL << VirtualSupervisorExternal);

    /// <summary>Mask of the interrupts of the hypervisor extension: those in hip and hie. They are always delegated past M-mode.</summary>
    public const ulong HypervisorMask = VirtualMask | (1UL << SupervisorGuestExternal);

    /// <summary>Mask of all interrupts that exist without the hypervisor extension.</summary>
    public const ulong All = SupervisorMask | (1UL << MachineSoftware) | (1UL << MachineTimer) | (1UL << MachineExternal);

    /// <summary>Codes from the highest to the lowest priority (Privileged, sections 3.1.9 and "Hypervisor Interrupt Registers").</summary>
    public static ReadOnlySpan<byte> ByPriority =>
    [
        MachineExternal, MachineSoftware, MachineTimer, SupervisorDomainExternal,
        SupervisorExternal, SupervisorSoftware, SupervisorTimer,
        SupervisorGuestExternal, VirtualSupervisorExternal, VirtualSupervisorSoftware, VirtualSupervisorTimer, CounterOverflow,
    ];
}
