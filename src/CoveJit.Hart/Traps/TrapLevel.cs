namespace CoveJit.Harts.Traps;

/// <summary>The level that takes a trap.</summary>
internal enum TrapLevel
{
    /// <summary>Machine level.</summary>
    Machine,

    /// <summary>Supervisor level; HS-mode with the hypervisor extension.</summary>
    Supervisor,

    /// <summary>VS level.</summary>
    VirtualSupervisor,
}
