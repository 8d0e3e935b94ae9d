using System.Numerics;
using CoveJit.Memory.Bus;

namespace CoveJit.Harts.Interrupts;

/// <summary>
/// An interrupt file of a hart's IMSIC (AIA 1.0, "Incoming MSI Controller"): pending and enabled interrupts by identity. Messages arrive on any
/// thread (<see cref="Signal"/>); all else is for the hart's own. Bits change atomically, and no lock is taken: whoever changes something works out
/// the level of the wire afterwards, and again until it is what he has driven it to. So the last to drive it has seen the last change.
/// </summary>
public sealed class InterruptFile : IMessageTarget
{
    /// <summary>Select value of eidelivery.</summary>
    public const uint Delivery = 0x70;

    /// <summary>Select value of eithreshold.</summary>
    public const uint Threshold = 0x72;

    /// <summary>Select value of eip0.</summary>
    public const uint Pending = 0x80;

    /// <summary>Select value of eie0.</summary>
    public const uint Enable = 0xC0;

    /// <summary>The last select value of a file.</summary>
    public const uint LastRegister = 0xFF;

    private readonly IInterruptLine _line;
    private readonly ulong[] _pending;
    private readonly ulong[] _enabled;
    private uint _threshold;
    private uint _delivery;

    /// <summary>Makes a file with nothing pending, enabled or delivered.</summary>
    /// <param name="identities">Highest identity: one less than a multiple of 64, 63 to 2047.</param>
    /// <param name="line">Gets the file's interrupt signal.</param>
    public InterruptFile(int identities, IInterruptLine line)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(identities, 63);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(identities, 2047);
        if ((identities + 1) % 64 != 0)
        {
            throw new ArgumentException($"{identities} is not one less than a multiple of 64", nameof(identities));
        }

        _line = line;
        _pending = new ulong[(identities + 1) / 64];
        _enabled = new ulong[_pending.Length];
    }

    /// <summary>Highest identity.</summary>
    public int Identities => (_pending.Length * 64) - 1;

    /// <summary>The pending and enabled interrupt of highest priority that the threshold lets through; 0 if there is none.</summary>
    public uint Top
    {
        get
        {
            for (int i = 0; i < _pending.Length; i++)
            {
                ulong bits = Volatile.Read(ref _pending[i]) & Volatile.Read(ref _enabled[i]);
                if (bits != 0)
                {
                    uint identity = (uint)((i * 64) + BitOperations.TrailingZeroCount(bits));
                    uint threshold = Volatile.Read(ref _threshold);
                    return threshold == 0 || identity < threshold ? identity : 0;
                }
            }

            return 0;
        }
    }

    /// <summary>Whether a select value in the file's range names a register in RV64; reserved ones read as zero, odd-numbered halves do not exist.</summary>
    public static bool HasRegister(ulong select) => select is >= Delivery and <= LastRegister && (select < Pending || (select & 1) == 0);

    /// <summary>Whether another file of the same size reads the same in all registers.</summary>
    public bool HasStateOf(InterruptFile other) => _delivery == other._delivery
        && _threshold == other._threshold
        && _pending.AsSpan().SequenceEqual(other._pending)
        && _enabled.AsSpan().SequenceEqual(other._enabled);

    /// <inheritdoc/>
    public void Signal(uint identity)
    {
        if (identity == 0 || identity > (uint)Identities)
        {
            return;
        }

        Interlocked.Or(ref _pending[identity / 64], 1UL << (int)(identity % 64));
        if (Volatile.Read(ref _delivery) != 0)
        {
            Drive();
        }
    }

    /// <summary>Clears the pending bit of <see cref="Top"/> and returns it: a write to the xtopei CSR.</summary>
    public uint Claim()
    {
        uint identity = Top;
        if (identity != 0)
        {
            Interlocked.And(ref _pending[identity / 64], ~(1UL << (int)(identity % 64)));
        }

        Drive();
        return identity;
    }

    /// <summary>Reads a register by its select value (<see cref="HasRegister"/>).</summary>
    public ulong Read(ulong select) => select switch
    {
        Delivery => _delivery,
        Threshold => _threshold,
        >= Pending and <= LastRegister => Word(select, out int index) is ulong[] words ? Volatile.Read(ref words[index]) : 0,
        _ => 0,
    };

    /// <summary>Sets and clears bits of a register.</summary>
    /// <returns>The register's value before.</returns>
    public ulong Update(ulong select, ulong set, ulong clear)
    {
        ulong old = Read(select);
        ulong value = (old | set) & ~clear;
        switch (select)
        {
            case Delivery:
                Interlocked.Exchange(ref _delivery, (uint)value & 1);
                break;
            case Threshold:
                Interlocked.Exchange(ref _threshold, (uint)value & (BitOperations.RoundUpToPowerOf2((uint)Identities) - 1));
                break;
            case >= Pending and <= LastRegister when Word(select, out int index) is ulong[] words:
                // Messages may arrive meanwhile: only the bits named may change. There is no identity 0.
                old = Interlocked.Or(ref words[index], index == 0 ? set & ~1UL : set);
                Interlocked.And(ref words[index], ~clear);
                break;
            default:
                break;
        }

        Drive();
        return old;
    }

    /// <summary>
    /// Moves the state to another file of the same size, where what is pending already stays pending. This one is as after reset then. On the thread of
    /// both files' harts, which no message reaches this one any more.
    /// </summary>
    public void MoveTo(InterruptFile other)
    {
        ArgumentNullException.ThrowIfNull(other);
        ArgumentOutOfRangeException.ThrowIfNotEqual(other.Identities, Identities);
        other._threshold = _threshold;
        for (int i = 0; i < _pending.Length; i++)
        {
            other._enabled[i] = _enabled[i];
            Interlocked.Or(ref other._pending[i], Interlocked.Exchange(ref _pending[i], 0));
        }

        Interlocked.Exchange(ref other._delivery, _delivery);
        Reset();
        other.Drive();
    }

    /// <summary>Back to the state after reset.</summary>
    public void Reset()
    {
        _delivery = 0;
        _threshold = 0;
        Array.Clear(_pending);
        Array.Clear(_enabled);
        Drive();
    }

    private ulong[]? Word(ulong select, out int index)
    {
        index = (int)((select & 0x3F) / 2);
        return index >= _pending.Length ? null : select < Enable ? _pending : _enabled;
    }

    private void Drive()
    {
        bool level = IsSignalling();
        while (true)
        {
            _line.Set(level);
            Interlocked.MemoryBarrier();
            bool now = IsSignalling();
            if (now == level)
            {
                return;
            }

            level = now;
        }
    }

    private bool IsSignalling() => Volatile.Read(ref _delivery) != 0 && Top != 0;
}
