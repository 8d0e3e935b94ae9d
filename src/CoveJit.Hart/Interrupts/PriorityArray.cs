using CoveJit.Harts.Traps;

namespace CoveJit.Harts.Interrupts;

/// <summary>
/// The iprio array of a privilege level (AIA 1.0, "Configuring priorities of major interrupts at machine level", "... at supervisor level", "... at VS
/// level"), and the order that it puts interrupts into. No interrupt of this hart ranks above the level's external interrupt by default.
/// </summary>
/// <param name="external">Code of the level's external interrupt: its priority number is the controller's.</param>
/// <param name="configurable">Interrupts whose priority number is writable, 8 bits wide; the others' are read-only zero.</param>
public sealed class PriorityArray(int external, ulong configurable)
{
    /// <summary>Select value of iprio0.</summary>
    public const uint First = 0x30;

    /// <summary>Select value of iprio15.</summary>
    public const uint Last = 0x3F;

    private readonly byte[] _numbers = new byte[64];
    private bool _anySet;

    /// <summary>Whether a select value in the array's range names a register in RV64: the even ones do.</summary>
    public static bool HasRegister(ulong select) => select is >= First and <= Last && (select & 1) == 0;

    /// <summary>The priority number of an interrupt; 0 stands for the default order.</summary>
    public byte this[int code]
    {
        get => _numbers[code];
        set
        {
            if (((configurable >> code) & 1) != 0)
            {
                _numbers[code] = value;
                _anySet = _numbers.AsSpan().ContainsAnyExcept((byte)0);
            }
        }
    }

    /// <summary>Whether another array has the same numbers.</summary>
    public bool HasStateOf(PriorityArray other) => _numbers.AsSpan().SequenceEqual(other._numbers);

    /// <summary>Reads a register by its select value (<see cref="HasRegister"/>).</summary>
    /// <param name="select">Select value.</param>
    /// <param name="visible">Interrupts that exist at the level at this time: the others' numbers are read-only zero.</param>
    public ulong Read(ulong select, ulong visible)
    {
        int first = FirstCode(select);
        ulong value = 0;
        for (int i = 0; i < 8; i++)
        {
            value |= ((visible >> (first + i)) & 1) != 0 ? (ulong)_numbers[first + i] << (8 * i) : 0;
        }

        return value;
    }

    /// <summary>Writes a register; parameters as <see cref="Read"/>.</summary>
    public void Write(ulong select, ulong visible, ulong value)
    {
        int first = FirstCode(select);
        for (int i = 0; i < 8; i++)
        {
            if (((visible >> (first + i)) & 1) != 0)
            {
                this[first + i] = (byte)(value >> (8 * i));
            }
        }
    }

    /// <summary>Copies the numbers out, one byte for each code.</summary>
    internal void CopyTo(byte[] numbers) => _numbers.CopyTo(numbers, 0);

    /// <summary>The reverse of <see cref="CopyTo"/>.</summary>
    internal void CopyFrom(byte[] numbers)
    {
        numbers.CopyTo(_numbers, 0);
        _anySet = numbers.AsSpan().ContainsAnyExcept((byte)0);
    }

    /// <summary>Back to the default order.</summary>
    public void Reset()
    {
        Array.Clear(_numbers);
        _anySet = false;
    }

    /// <summary>The first among pending interrupts, or null if there is none.</summary>
    /// <param name="pending">Pending, enabled interrupts of the level.</param>
    /// <param name="externalNumber">Priority number of the external interrupt, if it is among them.</param>
    public MajorInterrupt? Top(ulong pending, uint externalNumber)
    {
        MajorInterrupt? top = null;
        if (pending == 0)
        {
            return top;
        }

        foreach (byte code in InterruptCode.ByPriority)
        {
            if (((pending >> code) & 1) != 0)
            {
                uint number = code == external ? externalNumber : _numbers[code] != 0 ? _numbers[code] : MajorInterrupt.Default;
                if (top is not MajorInterrupt best || number < best.Priority)
                {
                    top = new MajorInterrupt(code, number);
                }

                if (!_anySet)
                {
                    break; // the default order is the order of the loop
                }
            }
        }

        return top;
    }

    // Each even-numbered register has eight interrupts.
    private static int FirstCode(ulong select) => (int)(select - First) * 4;
}
