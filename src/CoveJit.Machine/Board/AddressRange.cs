namespace CoveJit.Machines.Board;

/// <summary>A range of guest physical addresses; never wraps around.</summary>
/// <param name="Start">First address.</param>
/// <param name="Size">Size in bytes.</param>
public readonly record struct AddressRange(ulong Start, ulong Size)
{
    /// <summary>First address past the range.</summary>
    public ulong End => Start + Size;

    /// <summary>Whether the two ranges share a byte.</summary>
    public bool Overlaps(AddressRange other) => Start < other.End && other.Start < End;

    /// <inheritdoc/>
    public override string ToString() => $"0x{Start:x}-0x{End:x}";
}
