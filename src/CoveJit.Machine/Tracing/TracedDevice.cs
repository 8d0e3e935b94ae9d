using System.Globalization;
using CoveJit.Memory.Bus;

namespace CoveJit.Machines.Tracing;

/// <summary>A device that reports every access to its registers (<c>--trace mmio</c>).</summary>
/// <param name="device">The device.</param>
/// <param name="report">Takes one line; called on any hart's thread.</param>
internal sealed class TracedDevice(IBusDevice device, Action<string> report) : IBusDevice
{
    /// <inheritdoc/>
    public string Name => device.Name;

    /// <inheritdoc/>
    public bool TryRead(ulong offset, int size, out ulong value) => TryRead(offset, size, 0, out value);

    /// <inheritdoc/>
    public bool TryRead(ulong offset, int size, uint sdid, out ulong value)
    {
        bool done = device.TryRead(offset, size, sdid, out value);
        report(string.Create(CultureInfo.InvariantCulture, $"mmio {Name}+0x{offset:x} read{size * 8} {(done ? $"= 0x{value:x}" : "refused")}"));
        return done;
    }

    /// <inheritdoc/>
    public bool TryWrite(ulong offset, int size, ulong value) => TryWrite(offset, size, 0, value);

    /// <inheritdoc/>
    public bool TryWrite(ulong offset, int size, uint sdid, ulong value)
    {
        bool done = device.TryWrite(offset, size, sdid, value);
        report(string.Create(CultureInfo.InvariantCulture, $"mmio {Name}+0x{offset:x} write{size * 8} 0x{value:x}{(done ? "" : " refused")}"));
        return done;
    }
}
