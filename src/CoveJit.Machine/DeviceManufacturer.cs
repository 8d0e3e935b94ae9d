using System.Security.Cryptography;
using System.Text;
using CoveJit.Devices.Pcie;
using CoveJit.Machines.Options;
using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Provisioning;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Certificates;
using CoveJit.TeeIo.Spdm.Measurements;
using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Spdm.Responder;

namespace CoveJit.Machines;

/// <summary>
/// Provisions the emulated devices with keys and certificates, from a seed: the same identities in every machine, in the order in which they are asked for. The seed
/// is in the source, so what it proves is that protocols and checks are right, and nothing about a device. It also makes the devices that are to be refused.
/// </summary>
internal sealed class DeviceManufacturer
{
    private const string Seed = "CoveJit emulated devices";
    private const string OtherSeed = "somebody else's devices";
    private const string FirmwareName = "CoveJit device firmware ";
    private const byte FirmwareVersion = 2;

    private readonly CertificateAuthority _root = CreateRoot(Seed);
    private readonly CertificateAuthority _intermediate;

    public DeviceManufacturer() => _intermediate = _root.CreateIntermediate();

    /// <summary>The certificate that vouches for all of them, in DER.</summary>
    public byte[] RootCertificate => _root.Certificate;

    /// <summary>What a device measures of itself: its firmware, its version, its configuration.</summary>
    public static IMeasurementSource Measure(PcieFunction function, TeeIdentity identity = TeeIdentity.Genuine)
    {
        byte version = (byte)(identity == TeeIdentity.Stale ? FirmwareVersion - 1 : FirmwareVersion);
        return new MeasurementList(
            new Measurement(1, MeasurementType.MutableFirmware, Encoding.UTF8.GetBytes($"{FirmwareName}{version}")),
            new Measurement(2, MeasurementType.HardwareConfiguration, Encoding.UTF8.GetBytes(function.Name)),
            new Measurement(3, MeasurementType.FirmwareSecurityVersion, [version, 0, 0, 0, 0, 0, 0, 0]));
    }

    /// <summary>What a confidential virtual machine is to find of a device: SHA-384 of its certificate chain as SPDM has it, then of the record of its measurements.</summary>
    public static byte[] PolicyFor(DeviceIdentity identity, IMeasurementSource measurements)
    {
        SpdmAlgorithms algorithms = new()
        {
            BaseHash = BaseHashAlgorithms.Sha384,
            BaseAsymmetric = BaseAsymmetricAlgorithms.EcdsaP384,
            MeasurementHash = MeasurementHashAlgorithms.Sha384,
        };
        byte[] chain = CertificateChain.Create(algorithms, identity.Certificates).Bytes;
        return [.. SHA384.HashData(chain), .. MeasurementBlock.Summarize(algorithms, measurements.Collect().Select(measurement => measurement.ToBlock(algorithms, raw: false)))];
    }

    /// <summary>Makes a device's identity.</summary>
    public DeviceIdentity Provision(PcieFunction function, TeeIdentity identity = TeeIdentity.Genuine)
    {
        uint device = function.ReadConfiguration(0x00, 4);
        uint revision = function.ReadConfiguration(0x08, 4);
        uint subsystem = function.ReadConfiguration(0x2C, 4);
        CertificateAuthority issuer = identity == TeeIdentity.Forged ? CreateRoot(OtherSeed).CreateIntermediate() : _intermediate;
        return issuer.CreateDevice(new DeviceProfile("CoveJit", function.Name, "1")
        {
            Pci = new PciIdentity((ushort)device, (ushort)(device >> 16), revision >> 8, (byte)revision, (ushort)subsystem, (ushort)(subsystem >> 16)),
        });
    }

    private static CertificateAuthority CreateRoot(string seed) =>
        CertificateAuthority.CreateRoot(new CertificateOptions { Random = new SeededRandomSource(Encoding.UTF8.GetBytes(seed)) });
}
