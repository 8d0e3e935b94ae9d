using CoveJit.Harts.Traps;
using CoveJit.Memory.Translation;

namespace CoveJit.Harts.Timing;

/// <summary>
/// mcycle, minstret and the programmable counters with Sscofpmf. One cycle is one retired instruction: the emulator has no
/// micro-architecture, and a counter that says so is better than an invented one. For the hart's own thread.
/// </summary>
public sealed class CounterUnit
{
    private const int First = 3;
    private const ulong OverflowFlag = 1UL << 63;
    private const ulong MachineInhibit = 1UL << 62;
    private const ulong SupervisorInhibit = 1UL << 61;
    private const ulong UserInhibit = 1UL << 60;
    private const ulong VirtualSupervisorInhibit = 1UL << 59;
    private const ulong VirtualUserInhibit = 1UL << 58;
    private const ulong VirtualInhibits = VirtualSupervisorInhibit | VirtualUserInhibit; // hypervisor extension
    private const ulong ModeInhibits = MachineInhibit | SupervisorInhibit | UserInhibit | VirtualInhibits;

    private readonly Hart _hart;
    private readonly int _count;
    private readonly ulong[] _base = new ulong[32];  // value accumulated while stopped
    private readonly ulong[] _start = new ulong[32]; // source when the counter last started
    private readonly bool[] _running = new bool[32];
    private readonly ulong[] _event = new ulong[32];
    private bool _filtered;
    private bool _restartPending;

    internal CounterUnit(Hart hart)
    {
        _hart = hart;
        _count = hart.Configuration.PerformanceCounters;
        Implemented = 7u | (uint)(((1UL << _count) - 1) << First);
    }

    /// <summary>Bit n: counter n exists (bit 1 is time).</summary>
    public uint Implemented { get; }

    /// <summary>mcountinhibit.</summary>
    public uint Inhibit { get; private set; }

    /// <summary>Bit n: the OF flag of counter n, as scountovf shows it.</summary>
    public uint Overflowed
    {
        get
        {
            PollOverflow();
            uint bits = 0;
            for (int i = First; i < First + _count; i++)
            {
                bits |= (uint)(_event[i] >> 63) << i;
            }

            return bits;
        }
    }

    /// <summary>Whether an event number is one that a counter can count: see <see cref="HartEvent"/>.</summary>
    public static bool IsKnown(ulong selector) => selector is (ulong)HartEvent.Cycles or (ulong)HartEvent.Instructions
        or (ulong)HartEvent.DtlbReadMisses or (ulong)HartEvent.DtlbWriteMisses or (ulong)HartEvent.ItlbReadMisses;

    /// <summary>Reads counter <paramref name="n"/> (0 mcycle, 2 minstret, 3 to 31 programmable).</summary>
    public ulong Read(int n) => _base[n] + (_running[n] ? Source(n) - _start[n] : 0);

    /// <summary>Writes counter <paramref name="n"/>. The writing instruction itself is not counted by it.</summary>
    public void Write(int n, ulong value)
    {
        Settle(n); // a wrap before the write still counts
        ulong writer = _running[n] && CountsInstructions(n) ? 1UL : 0;
        _base[n] = value;
        _start[n] = Source(n) + writer;
        RequestPollIfArmed();
    }

    /// <summary>Reads mhpmevent<paramref name="n"/>.</summary>
    public ulong ReadEvent(int n)
    {
        Settle(n);
        return _event[n];
    }

    /// <summary>Writes mhpmevent<paramref name="n"/>: unknown events count nothing but are kept, as WARL allows.</summary>
    public void WriteEvent(int n, ulong value)
    {
        Stop(n);
        _event[n] = value & (OverflowFlag | (_hart.HasHypervisor ? ModeInhibits : ModeInhibits & ~VirtualInhibits) | 0x00FF_FFFF_FFFF_FFFF);
        Refresh();
    }

    /// <summary>Writes mcountinhibit; bits of counters that do not exist, and of time, stay 0.</summary>
    public void WriteInhibit(uint value)
    {
        Inhibit = value & Implemented & ~2u;
        Refresh();
    }

    internal void Reset()
    {
        Array.Clear(_base);
        Array.Clear(_event);
        Array.Clear(_running);
        Inhibit = 0;
        Refresh();
    }

    /// <summary>Called before the privilege mode changes; counters that filter by mode stop or start.</summary>
    internal void BeforeModeChange()
    {
        if (_filtered)
        {
            for (int i = First; i < First + _count; i++)
            {
                Stop(i);
            }

            _restartPending = true;
        }
    }

    /// <summary>Called after the privilege mode changed.</summary>
    internal void AfterModeChange()
    {
        if (_restartPending)
        {
            _restartPending = false;
            Refresh();
        }
    }

    /// <summary>Instructions until the first armed counter overflows; <see cref="long.MaxValue"/> if none counts instructions.</summary>
    internal long UntilOverflow()
    {
        ulong least = long.MaxValue;
        for (int i = First; i < First + _count; i++)
        {
            ulong left = IsArmed(i) && CountsInstructions(i) ? 0UL - Read(i) : 0;
            if (left != 0) // 0: it holds 0, which is 2^64 away
            {
                least = Math.Min(least, left);
            }
        }

        return (long)least;
    }

    /// <summary>Sets OF and raises LCOFI for counters that wrapped since the last look (Sscofpmf).</summary>
    internal void PollOverflow()
    {
        for (int i = First; i < First + _count; i++)
        {
            Settle(i);
        }
    }

    private bool IsArmed(int n) => _running[n] && (_event[n] & OverflowFlag) == 0;

    // Moves what was counted since the last look into the base, and notices whether the counter wrapped meanwhile.
    private void Settle(int n)
    {
        if (!_running[n])
        {
            return;
        }

        ulong counted = Source(n) - _start[n];
        bool wrapped = counted > ~_base[n] && (long)counted > 0; // below 0: just written, the writer has not retired yet
        _base[n] += counted;
        _start[n] += counted;
        if (n >= First && wrapped && (_event[n] & OverflowFlag) == 0)
        {
            _event[n] |= OverflowFlag;
            _hart.SetSoftwarePending(InterruptCode.CounterOverflow, true);
        }
    }

    private bool CountsInstructions(int n) => n < First || (HartEvent)(_event[n] & ~(OverflowFlag | ModeInhibits)) is HartEvent.Cycles or HartEvent.Instructions;

    private ulong Source(int n)
    {
        HartEvent selected = n < First ? HartEvent.Instructions : (HartEvent)(_event[n] & ~(OverflowFlag | ModeInhibits));
        return selected switch
        {
            HartEvent.Cycles or HartEvent.Instructions => InstructionsRetired,
            HartEvent.DtlbReadMisses => _hart.Tlb.Fills[(int)AccessType.Read],
            HartEvent.DtlbWriteMisses => _hart.Tlb.Fills[(int)AccessType.Write],
            HartEvent.ItlbReadMisses => _hart.Tlb.Fills[(int)AccessType.Execute],
            _ => 0,
        };
    }

    private unsafe ulong InstructionsRetired => _hart.State->InstructionsRetired;

    private void Stop(int n)
    {
        Settle(n);
        _running[n] = false;
    }

    // Starts and stops every counter as inhibit bits, events and the current mode say.
    private void Refresh()
    {
        _filtered = false;
        for (int i = 0; i < First + _count; i++)
        {
            bool run = ((Inhibit >> i) & 1) == 0 && i != 1;
            if (i >= First)
            {
                ulong inhibit = _hart.Privilege switch
                {
                    PrivilegeMode.Machine => MachineInhibit,
                    PrivilegeMode.Supervisor => _hart.IsVirtual ? VirtualSupervisorInhibit : SupervisorInhibit,
                    _ => _hart.IsVirtual ? VirtualUserInhibit : UserInhibit,
                };
                run &= (_event[i] & ~(OverflowFlag | ModeInhibits)) != 0 && (_event[i] & inhibit) == 0;
                _filtered |= (_event[i] & ModeInhibits) != 0;
            }

            if (run && !_running[i])
            {
                _start[i] = Source(i);
                _running[i] = true;
            }
            else if (!run && _running[i])
            {
                Stop(i);
            }
        }

        RequestPollIfArmed();
    }

    // An overflow interrupt is to come when the counter wraps, not at the next leisurely look at the clock.
    private void RequestPollIfArmed()
    {
        for (int i = First; i < First + _count; i++)
        {
            if (IsArmed(i))
            {
                _hart.RequestPoll();
                return;
            }
        }
    }
}
