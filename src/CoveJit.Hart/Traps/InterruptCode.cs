namespace CoveJit.Harts.Traps;

/// <summary>Interrupt codes: bit positions in mip and mie (Privileged, "Machine Interrupt Registers").</summary>
public static class InterruptCode
{
    /// <summary>Supervisor software interrupt.</summary>
    public const int SupervisorSoftware = 1;

    /// <summary>Machine software interrupt.</summary>
    public const int MachineSoftware = 3;

    /// <summary>Supervisor timer interrupt.</summary>
    public const int SupervisorTimer = 5;

    /// <summary>Machine timer interrupt.</summary>
    public const int MachineTimer = 7;

    /// <summary>Supervisor external interrupt.</summary>
    public const int SupervisorExternal = 9;

    /// <summary>Machine external interrupt.</summary>
    public const int MachineExternal = 11;

    /// <summary>Local counter-overflow interrupt (Sscofpmf).</summary>
    public const int CounterOverflow = 13;

    /// <summary>Mask of the S-level interrupts: those that mideleg can delegate.</summary>
    public const ulong SupervisorMask = (1UL << SupervisorSoftware) | (1UL << SupervisorTimer) | (1UL << SupervisorExternal) | (1UL << CounterOverflow);

    /// <summary>Mask of all interrupts that exist.</summary>
    public const ulong All = SupervisorMask | (1UL << MachineSoftware) | (1UL << MachineTimer) | (1UL << MachineExternal);

    /// <summary>Codes from the highest to the lowest priority (Privileged, section 3.1.9; LCOFI per AIA after the S-level ones).</summary>
    public static ReadOnlySpan<byte> ByPriority =>
    [
        MachineExternal, MachineSoftware, MachineTimer,
        SupervisorExternal, SupervisorSoftware, SupervisorTimer, CounterOverflow,
    ];
}
