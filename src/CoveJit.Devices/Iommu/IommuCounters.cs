using CoveJit.Memory.Bus;

namespace CoveJit.Devices.Iommu;

/// <summary>Events that are counted (RISC-V IOMMU 1.0, "Standard Events list").</summary>
internal enum IommuEvent
{
    None = 0,
    UntranslatedRequest = 1,
    TranslatedRequest = 2,
    TranslationRequest = 3,
    TlbMiss = 4,
    DirectoryWalk = 5,
    ProcessWalk = 6,
    FirstStageWalk = 7,
    SecondStageWalk = 8,
}

/// <summary>The performance-monitoring unit: a counter of clock ticks and seven of events, with filters by device, process and their contexts.</summary>
/// <param name="clock">What cycles are.</param>
internal sealed class IommuCounters(IClock clock)
{
    /// <summary>Event counters.</summary>
    public const int Number = 7;

    private const ulong Overflow = 1UL << 63;
    private const ulong EventMask = 0x7FFF;
    private const ulong PartialMatch = 1 << 15; // DMASK
    private const ulong ProcessValid = 1UL << 60; // PV_PSCV
    private const ulong DeviceValid = 1UL << 61; // DV_GSCV
    private const ulong ByContext = 1UL << 62; // IDT

    private readonly Lock _lock = new();
    private readonly ulong[] _counts = new ulong[Number];
    private readonly ulong[] _events = new ulong[Number];
    private ulong _cyclesBase;
    private ulong _cyclesStopped;
    private uint _inhibited;
    private volatile bool _used;
    private int _overflowed;

    /// <summary>Bit n is set while event counter n has overflowed; bit 0 is the cycles'.</summary>
    public uint Overflows
    {
        get
        {
            lock (_lock)
            {
                uint bits = 0;
                for (int i = 0; i < Number; i++)
                {
                    bits |= (_events[i] & Overflow) != 0 ? 2u << i : 0;
                }

                return bits;
            }
        }
    }

    /// <summary>iocountinh.</summary>
    public uint Inhibited
    {
        get => _inhibited;
        set
        {
            lock (_lock)
            {
                ulong cycles = Cycles;
                _inhibited = value & ((2u << Number) - 1);
                Cycles = cycles;
            }
        }
    }

    /// <summary>iohpmcycles, without its overflow bit: 63 bits of ticks do not overflow.</summary>
    public ulong Cycles
    {
        get => ((_inhibited & 1) != 0 ? _cyclesStopped : clock.Ticks - _cyclesBase) & ~Overflow;
        set
        {
            _cyclesStopped = value & ~Overflow;
            _cyclesBase = clock.Ticks - _cyclesStopped;
        }
    }

    public ulong ReadCount(int index)
    {
        lock (_lock)
        {
            return _counts[index];
        }
    }

    public void WriteCount(int index, ulong value)
    {
        lock (_lock)
        {
            _counts[index] = value;
        }
    }

    public ulong ReadEvent(int index)
    {
        lock (_lock)
        {
            return _events[index];
        }
    }

    public void WriteEvent(int index, ulong value)
    {
        lock (_lock)
        {
            _events[index] = value;
            _used = _events.Any(e => (e & EventMask) != 0);
        }
    }

    /// <summary>Whether a counter has overflowed since the last call.</summary>
    public bool TakeOverflow() => Volatile.Read(ref _overflowed) != 0 && Interlocked.Exchange(ref _overflowed, 0) != 0;

    /// <summary>Counts an event; nearly free while no counter counts.</summary>
    public void Count(IommuEvent what, in IommuRequest request, DeviceContext? device)
    {
        if (!_used)
        {
            return;
        }

        lock (_lock)
        {
            for (int i = 0; i < Number; i++)
            {
                if ((_events[i] & EventMask) == (ulong)what && (_inhibited & (2u << i)) == 0 && Matches(_events[i], request, device) && ++_counts[i] == 0 && (_events[i] & Overflow) == 0)
                {
                    _events[i] |= Overflow;
                    Volatile.Write(ref _overflowed, 1);
                }
            }
        }
    }

    private static bool Matches(ulong filter, in IommuRequest request, DeviceContext? device)
    {
        uint process = (uint)(filter >> 16) & 0xF_FFFF;
        uint number = (uint)(filter >> 36) & 0xFF_FFFF;
        if ((filter & ByContext) != 0)
        {
            return device is { } context
                && ((filter & ProcessValid) == 0 || context.ProcessContext == process)
                && ((filter & DeviceValid) == 0 || context.GuestContext == (number & 0xFFFF));
        }

        // With DMASK the lowest zero of the identifier and all below it match anything.
        uint mask = (filter & PartialMatch) == 0 ? uint.MaxValue : ~(number ^ (number + 1));
        return ((filter & ProcessValid) == 0 || request.Process == process)
            && ((filter & DeviceValid) == 0 || ((request.Device ^ number) & mask) == 0);
    }
}
