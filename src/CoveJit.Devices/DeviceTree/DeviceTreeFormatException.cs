namespace CoveJit.Devices.DeviceTree;

/// <summary>A device tree blob is malformed: the only error <see cref="FlattenedDeviceTree.Parse"/> reports.</summary>
/// <param name="offset">Offset in bytes from the blob's start at which the fault lies.</param>
/// <param name="cause">What is wrong there, as half a sentence.</param>
public sealed class DeviceTreeFormatException(long offset, string cause)
    : FormatException($"Malformed device tree blob at offset 0x{offset:x}: {cause}.")
{
    /// <summary>Offset in bytes from the blob's start at which the fault lies.</summary>
    public long Offset { get; } = offset;

    /// <summary>What is wrong there.</summary>
    public string Cause { get; } = cause;
}
