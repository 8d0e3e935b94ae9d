using System.Globalization;

namespace CoveJit.Devices.Pcie;

/// <summary>Who a request comes from, and how configuration space is addressed: bus, device and function number.</summary>
/// <param name="Value">Bus in bits 15:8, device in 7:3, function in 2:0.</param>
public readonly record struct RequesterId(ushort Value)
{
    /// <summary>Makes an identifier of its parts.</summary>
    public RequesterId(int bus, int device, int function)
        : this((ushort)((bus << 8) | (device << 3) | function))
    {
    }

    /// <summary>Bus number.</summary>
    public int Bus => Value >> 8;

    /// <summary>Device number, 0 to 31.</summary>
    public int Device => (Value >> 3) & 0x1F;

    /// <summary>Function number, 0 to 7.</summary>
    public int Function => Value & 7;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Bus:x2}:{Device:x2}.{Function}");
}
