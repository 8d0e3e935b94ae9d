using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CoveJit.TeeIo.Cryptography;

namespace CoveJit.TeeIo.Provisioning;

/// <summary>What a device is provisioned with: its private key, and the certificates from the root to its own.</summary>
public sealed class DeviceIdentity
{
    private const string CertificateLabel = "CERTIFICATE";
    private const string KeyLabel = "PRIVATE KEY";

    private readonly byte[] _scalar;

    internal DeviceIdentity(PrimeCurve curve, byte[] scalar, IReadOnlyList<byte[]> certificates)
    {
        Curve = curve;
        _scalar = scalar;
        Certificates = certificates;
    }

    /// <summary>The key's curve.</summary>
    public PrimeCurve Curve { get; }

    /// <summary>The certificates in DER, the root first, the device's last.</summary>
    public IReadOnlyList<byte[]> Certificates { get; }

    /// <summary>Signs with the platform's ECDSA: signatures differ each time.</summary>
    public EcdsaSigner CreateSigner() => new(Curve, _scalar);

    /// <summary>Signs so that signatures repeat, for reproducible emulation.</summary>
    public DeterministicSigner CreateDeterministicSigner() => new(Curve, _scalar);

    /// <summary>Reads an identity.</summary>
    /// <param name="pem">Certificates, the root first, and a private key in PKCS #8, in any order otherwise.</param>
    /// <exception cref="FormatException">Something is missing, or is not what PEM says.</exception>
    public static DeviceIdentity FromPem(string pem)
    {
        ArgumentNullException.ThrowIfNull(pem);
        List<byte[]> certificates = [];
        ECParameters? key = null;
        try
        {
            ReadOnlySpan<char> rest = pem;
            while (PemEncoding.TryFind(rest, out PemFields fields))
            {
                byte[] data = Convert.FromBase64String(rest[fields.Base64Data].ToString());
                if (rest[fields.Label].SequenceEqual(CertificateLabel))
                {
                    using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(data);
                    certificates.Add(certificate.RawData);
                }
                else if (rest[fields.Label].SequenceEqual(KeyLabel))
                {
                    using ECDsa ecdsa = ECDsa.Create();
                    ecdsa.ImportPkcs8PrivateKey(data, out _);
                    key = ecdsa.ExportParameters(includePrivateParameters: true);
                }

                rest = rest[fields.Location.End..];
            }
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException)
        {
            // The platform has no other way to say that it does not know a curve.
            throw new FormatException("a certificate or key cannot be read: " + e.Message, e);
        }

        PrimeCurve? curve = new[] { PrimeCurve.P256, PrimeCurve.P384 }.FirstOrDefault(c => c.Curve.Oid.Value == key?.Curve.Oid.Value);
        if (key?.D is not { } scalar || curve is null || certificates.Count == 0)
        {
            throw new FormatException("certificates and a private key on P-256 or P-384 are needed");
        }

        return new DeviceIdentity(curve, scalar, certificates);
    }

    /// <summary>Writes the certificates and the private key, not encrypted.</summary>
    public string ToPem()
    {
        StringBuilder pem = new();
        foreach (byte[] certificate in Certificates)
        {
            pem.Append(PemEncoding.Write(CertificateLabel, certificate)).Append('\n');
        }

        using ECDsa key = ECDsa.Create(Curve.KeyPair(_scalar));
        return pem.Append(PemEncoding.Write(KeyLabel, key.ExportPkcs8PrivateKey())).Append('\n').ToString();
    }
}
