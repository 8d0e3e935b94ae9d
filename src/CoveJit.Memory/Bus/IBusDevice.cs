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

    /// <summary>Writes a register; parameters and result as <see cref="TryRead(ulong, int, out ulong)"/>.</summary>
    bool TryWrite(ulong offset, int size, ulong value);

    /// <summary>As <see cref="TryRead(ulong, int, out ulong)"/>, by a hart in a supervisor domain: for devices to which it matters whose the access is.</summary>
    /// <param name="offset">Offset in bytes from the device's base.</param>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    /// <param name="sdid">The domain that the hart is in.</param>
    /// <param name="value">The value, zero-extended.</param>
    bool TryRead(ulong offset, int size, uint sdid, out ulong value) => TryRead(offset, size, out value);

    /// <summary>Writes a register, by a hart in a supervisor domain.</summary>
    /// <param name="offset">Offset in bytes from the device's base.</param>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    /// <param name="sdid">The domain that the hart is in.</param>
    /// <param name="value">The value.</param>
    bool TryWrite(ulong offset, int size, uint sdid, ulong value) => TryWrite(offset, size, value);
}
