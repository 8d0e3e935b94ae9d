using System.Security.Cryptography.X509Certificates;
using CoveJit.TeeIo.Cryptography;

namespace CoveJit.TeeIo.Provisioning;

/// <summary>
/// Makes certificates: a root of its own, or an authority that another one vouches for. It signs by deterministic ECDSA, so that with a
/// seeded random source certificates repeat.
/// </summary>
public sealed class CertificateAuthority
{
    private readonly CertificateOptions _options;
    private readonly ISigner _signer;
    private readonly IReadOnlyList<byte[]> _path;

    private CertificateAuthority(CertificateOptions options, string name, CertificateAuthority? issuer)
    {
        _options = options;
        _signer = new DeterministicSigner(options.Curve, options.Curve.DrawScalar(options.Random));
        CertificateRequest request = CertificateFactory.Request(name, _signer);
        bool isRoot = issuer is null;
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, !isRoot, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        byte[] certificate = CertificateFactory.Issue(request, options, issuer?._signer ?? _signer, issuer?.Certificate);
        _path = [.. issuer?._path ?? [], certificate];
    }

    /// <summary>The authority's certificate in DER.</summary>
    public byte[] Certificate => _path[^1];

    /// <summary>Makes a root.</summary>
    /// <param name="options">How certificates are made.</param>
    /// <param name="name">Its common name.</param>
    public static CertificateAuthority CreateRoot(CertificateOptions options, string name = "CoveJit Device Root CA")
    {
        ArgumentNullException.ThrowIfNull(options);
        return new CertificateAuthority(options, name, null);
    }

    /// <summary>Makes an authority that this one vouches for, and that vouches for devices only.</summary>
    /// <param name="name">Its common name.</param>
    /// <exception cref="InvalidOperationException">This one is no root, and vouches for devices only.</exception>
    public CertificateAuthority CreateIntermediate(string name = "CoveJit Device Intermediate CA") => _path.Count == 1
        ? new CertificateAuthority(_options, name, this)
        : throw new InvalidOperationException("an intermediate authority vouches for devices only");

    /// <summary>Makes a device's key and certificate.</summary>
    /// <param name="profile">The device.</param>
    public DeviceIdentity CreateDevice(DeviceProfile profile)
    {
        ArgumentNullException.ThrowIfNull(profile);
        if (profile.DeviceInfo.Count(static c => c == ':') != 2)
        {
            throw new ArgumentException("manufacturer, product and serial number have no colons", nameof(profile));
        }

        byte[] scalar = _options.Curve.DrawScalar(_options.Random);
        DeterministicSigner signer = new(_options.Curve, scalar);
        CertificateRequest request = CertificateFactory.Request($"{profile.Manufacturer} {profile.Product} {profile.SerialNumber}", signer);
        CertificateFactory.AddDeviceExtensions(request, profile);
        byte[] leaf = CertificateFactory.Issue(request, _options, _signer, Certificate);
        return new DeviceIdentity(_options.Curve, scalar, [.. _path, leaf]);
    }
}
