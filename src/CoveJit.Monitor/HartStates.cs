using CoveJit.Harts;

namespace CoveJit.Monitor;

/// <summary>The HSM state of each hart. Thread-safe.</summary>
internal sealed unsafe class HartStates(int count)
{
    private readonly int[] _states = new int[count];
    private readonly ulong[] _suspendedAt = new ulong[count]; // instructions retired when the hart was suspended

    /// <summary>The state of a hart.</summary>
    /// <remarks>
    /// Nothing runs when an interrupt ends a suspension, so SUSPENDED is kept and means STARTED once the hart no longer waits, or waits for
    /// something else: an instruction (WFI) has retired since.
    /// </remarks>
    public HartStatus Get(Hart hart)
    {
        HartStatus status = (HartStatus)Volatile.Read(ref _states[hart.Id]);
        bool resumed = status == HartStatus.Suspended
            && !(hart.IsWaiting && Volatile.Read(ref hart.State->InstructionsRetired) == Volatile.Read(ref _suspendedAt[hart.Id]));
        return resumed ? HartStatus.Started : status;
    }

    /// <summary>Sets the state of a hart.</summary>
    public void Set(Hart hart, HartStatus status) => Volatile.Write(ref _states[hart.Id], (int)status);

    /// <summary>Suspends the calling hart until an enabled interrupt is pending.</summary>
    public void Suspend(Hart hart)
    {
        Volatile.Write(ref _suspendedAt[hart.Id], hart.State->InstructionsRetired);
        Set(hart, HartStatus.Suspended);
        hart.BeginWait();
    }

    /// <summary>Moves a hart from one state to another; false if it was not in the former at the time.</summary>
    public bool TryMove(Hart hart, HartStatus from, HartStatus to) =>
        Interlocked.CompareExchange(ref _states[hart.Id], (int)to, (int)from) == (int)from;
}
