using CoveJit.Memory.Bus;

namespace CoveJit.Machines.Board;

/// <summary>Read-only memory on the bus: the boot ROM. Reads beyond the content give zero; writes are refused.</summary>
/// <param name="name">Name for errors and traces.</param>
/// <param name="content">The bytes from offset 0.</param>
public sealed class Rom(string name, byte[] content) : IBusDevice
{
    /// <inheritdoc/>
    public string Name { get; } = name;

    /// <inheritdoc/>
    public bool TryRead(ulong offset, int size, out ulong value)
    {
        value = 0;
        for (int i = size - 1; i >= 0; i--)
        {
            ulong index = offset + (ulong)i;
            value = (value << 8) | (index < (ulong)content.Length ? content[index] : 0u);
        }

        return true;
    }

    /// <inheritdoc/>
    public bool TryWrite(ulong offset, int size, ulong value) => false;
}
