namespace CoveJit.TeeIo.Provisioning;

/// <summary>What a device's certificate says about the device.</summary>
/// <param name="Manufacturer">The manufacturer; no colons.</param>
/// <param name="Product">The product; no colons.</param>
/// <param name="SerialNumber">The serial number; no colons.</param>
public sealed record DeviceProfile(string Manufacturer, string Product, string SerialNumber)
{
    /// <summary>The function's identity in configuration space, if the certificate is to carry it.</summary>
    public PciIdentity? Pci { get; init; }

    /// <summary>id-DMTF-device-info.</summary>
    public string DeviceInfo => $"{Manufacturer}:{Product}:{SerialNumber}";
}
