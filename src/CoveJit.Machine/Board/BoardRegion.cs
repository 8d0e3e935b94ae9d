using System.Globalization;

namespace CoveJit.Machines.Board;

/// <summary>One row of the board's memory map.</summary>
/// <param name="Name">Name as traces and errors spell it.</param>
/// <param name="Base">Physical address.</param>
/// <param name="Size">Size in bytes; for a repeated device, of one instance.</param>
/// <param name="Interrupt">Wired interrupt source number, or 0 if it has none; for a repeated device, of the first instance.</param>
/// <param name="Count">Instances, each following the other in address and interrupt number.</param>
public readonly record struct BoardRegion(string Name, ulong Base, ulong Size, uint Interrupt = 0, int Count = 1)
{
    /// <summary>All addresses of the row.</summary>
    public AddressRange Range => new(Base, Size * (ulong)Count);

    /// <summary>Address of instance <paramref name="index"/>.</summary>
    public ulong BaseOf(int index) => Base + (Size * (ulong)CheckIndex(index));

    /// <summary>Interrupt source of instance <paramref name="index"/>.</summary>
    public uint InterruptOf(int index) => Interrupt + (uint)CheckIndex(index);

    /// <summary>The row in the form of the table in <see cref="VirtMemoryMap"/>.</summary>
    public override string ToString()
    {
        string irq = Interrupt == 0 ? "-" : Count == 1 ? Interrupt.ToString(CultureInfo.InvariantCulture) : $"{Interrupt}-{InterruptOf(Count - 1)}";
        string size = Count == 1 ? $"0x{Size:x}" : $"0x{Size:x} * {Count}";
        return $"{Name,-10} 0x{Base:x8}  {size,-12} {irq}";
    }

    private int CheckIndex(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return index;
    }
}
