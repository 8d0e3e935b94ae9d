using CoveJit.Harts;
using CoveJit.Harts.Traps;

namespace CoveJit.Monitor.Pmu;

/// <summary>How often each firmware event happened on one hart since the machine started. Trap events count every trap, delegated or not.</summary>
internal sealed class FirmwareCounts(Hart hart)
{
    private const int Count = (int)FirmwareEvent.HfenceVvmaAsidReceived + 1;
    private readonly ulong[] _counts = new ulong[Count];

    /// <summary>Whether a code is an event that is counted.</summary>
    public static bool IsKnown(uint code) => code < Count;

    /// <summary>Counts an event. Thread-safe: a sender counts for its receivers.</summary>
    public void Add(FirmwareEvent occurred) => Interlocked.Increment(ref _counts[(int)occurred]);

    /// <summary>The count of an event.</summary>
    public ulong Read(FirmwareEvent selected) => selected switch
    {
        FirmwareEvent.MisalignedLoad => Traps(TrapCause.LoadMisaligned),
        FirmwareEvent.MisalignedStore => Traps(TrapCause.StoreMisaligned),
        FirmwareEvent.AccessLoad => Traps(TrapCause.LoadAccessFault),
        FirmwareEvent.AccessStore => Traps(TrapCause.StoreAccessFault),
        FirmwareEvent.IllegalInstruction => Traps(TrapCause.IllegalInstruction),
        _ => Volatile.Read(ref _counts[(int)selected]),
    };

    private ulong Traps(TrapCause cause) => hart.TrapCounts[(int)cause];
}
