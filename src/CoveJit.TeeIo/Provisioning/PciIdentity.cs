using System.Globalization;

namespace CoveJit.TeeIo.Provisioning;

/// <summary>A function's identity as CMA/SPDM wants it in a certificate (PCIe, "Component Measurement and Authentication").</summary>
/// <param name="VendorId">Vendor ID.</param>
/// <param name="DeviceId">Device ID.</param>
/// <param name="ClassCode">Class Code, 24 bits.</param>
/// <param name="Revision">Revision ID.</param>
/// <param name="SubsystemVendorId">Subsystem Vendor ID.</param>
/// <param name="SubsystemId">Subsystem ID.</param>
public sealed record PciIdentity(ushort VendorId, ushort DeviceId, uint ClassCode, byte Revision, ushort SubsystemVendorId, ushort SubsystemId)
{
    /// <summary>The text of the other name in the subject alternative name.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"Vendor={VendorId:X4}:Device={DeviceId:X4}:CC={ClassCode:X6}:REV={Revision:X2}:SSVID={SubsystemVendorId:X4}:SSID={SubsystemId:X4}");
}
