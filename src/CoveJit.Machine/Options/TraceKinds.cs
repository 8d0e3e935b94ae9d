namespace CoveJit.Machines.Options;

/// <summary>What <c>--trace</c> writes to standard error.</summary>
[Flags]
public enum TraceKinds
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Every trap taken: cause, tval, from and to.</summary>
    Trap = 2,

    /// <summary>Every device register access.</summary>
    Mmio = 4,

    /// <summary>Every SBI call with its arguments and result.</summary>
    Sbi = 8,

    /// <summary>Every call of the TEE security manager, by hosts and TVMs, with its arguments and result.</summary>
    Cove = 16,
}
