namespace CoveJit.Memory.Bus;

/// <summary>One hart's machine timer as the ACLINT MTIMER drives it: the hart raises MTIP while time is at or past the compare value.</summary>
public interface IHartTimer
{
    /// <summary>mtimecmp in clock ticks. Setting it re-evaluates MTIP and wakes a sleeping hart if needed. Thread-safe.</summary>
    ulong Compare { get; set; }
}
