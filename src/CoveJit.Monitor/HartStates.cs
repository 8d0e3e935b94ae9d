namespace CoveJit.Monitor;

/// <summary>The HSM state of each hart. Thread-safe.</summary>
internal sealed class HartStates(int count)
{
    private readonly int[] _states = new int[count];

    public HartStatus Get(int hart) => (HartStatus)Volatile.Read(ref _states[hart]);

    public void Set(int hart, HartStatus status) => Volatile.Write(ref _states[hart], (int)status);

    /// <summary>Moves a hart from one state to another; false if it was in neither of them at the time.</summary>
    public bool TryMove(int hart, HartStatus from, HartStatus to) =>
        Interlocked.CompareExchange(ref _states[hart], (int)to, (int)from) == (int)from;
}
