namespace CoveJit.Memory.Bus;

/// <summary>A memory-mapped device: it knows offsets into its own registers, never addresses. Called from any hart's thread.</summary>
public interface IBusDevice
{
    /// <summary>Name for errors, traces and statistics, for example <c>uart0</c>.</summary>
    string Name { get; }

    /// <summary>Reads a register.</summary>
    /// <param name="offset">Offset in bytes from the device's base; naturally aligned unless the device is told otherwise.</param>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    /// <param name="value">The value, zero-extended.</param>
    /// <returns>False if the device refuses the access: the hart takes an access fault.</returns>
    bool TryRead(ulong offset, int size, out ulong value);

    /// <summary>Writes a register; parameters and result as <see cref="TryRead"/>.</summary>
    bool TryWrite(ulong offset, int size, ulong value);
}
