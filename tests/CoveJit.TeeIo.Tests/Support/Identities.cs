using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Provisioning;

namespace CoveJit.TeeIo.Tests.Support;

/// <summary>Device identities, made once.</summary>
internal static class Identities
{
    private static readonly Lazy<DeviceIdentity> OnP256 = new(() => Create(PrimeCurve.P256, "p256"));
    private static readonly Lazy<DeviceIdentity> OnP384 = new(() => Create(PrimeCurve.P384, "p384"));

    public static DeviceProfile Profile { get; } = new("CoveJit", "NVMe", "0001")
    {
        Pci = new PciIdentity(0x1B36, 0x0010, 0x010802, 2, 0x1AF4, 0x1100),
    };

    public static DeviceIdentity Of(PrimeCurve curve) => (curve == PrimeCurve.P256 ? OnP256 : OnP384).Value;

    public static DeviceIdentity Create(PrimeCurve curve, string seed)
    {
        CertificateOptions options = new() { Curve = curve, Random = TestDevice.Random(seed) };
        return CertificateAuthority.CreateRoot(options).CreateIntermediate().CreateDevice(Profile);
    }
}
