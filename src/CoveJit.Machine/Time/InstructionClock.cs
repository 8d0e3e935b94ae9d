using CoveJit.Harts;
using CoveJit.Memory.Bus;

namespace CoveJit.Machines.Time;

/// <summary>
/// Virtual time for <c>--icount</c>: one nanosecond for each instruction that any hart retires, plus the time that is skipped while all harts wait.
/// </summary>
public sealed unsafe class InstructionClock : IClock
{
    // A fixed date, so that runs repeat: 2026-01-01 00:00:00 UTC.
    private const ulong Epoch = 1_767_225_600UL * 1_000_000_000;

    private Hart[] _harts = [];
    private ulong _skipped;

    /// <inheritdoc/>
    public ulong Frequency => BoardTime.Frequency;

    /// <inheritdoc/>
    public ulong Ticks => Nanoseconds / BoardTime.NanosecondsPerTick;

    /// <inheritdoc/>
    public ulong RealTime => Epoch + Nanoseconds;

    private ulong Nanoseconds
    {
        get
        {
            ulong retired = _skipped;
            foreach (Hart hart in _harts)
            {
                retired += hart.State->InstructionsRetired;
            }

            return retired;
        }
    }

    /// <summary>Sets the harts whose instructions make the time.</summary>
    public void Attach(Hart[] harts) => _harts = harts;

    /// <summary>Instructions until a tick is reached; 0 if it has passed.</summary>
    public ulong InstructionsUntil(ulong tick)
    {
        ulong now = Nanoseconds;
        ulong due = tick > ulong.MaxValue / BoardTime.NanosecondsPerTick ? ulong.MaxValue : tick * BoardTime.NanosecondsPerTick;
        return due > now ? due - now : 0;
    }

    /// <summary>Skips idle time up to a tick.</summary>
    public void SkipTo(ulong tick) => _skipped += InstructionsUntil(tick);
}
