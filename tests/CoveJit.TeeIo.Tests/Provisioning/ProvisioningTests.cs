using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Provisioning;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Certificates;
using CoveJit.TeeIo.Tests.Support;

namespace CoveJit.TeeIo.Tests.Provisioning;

public sealed class ProvisioningTests
{
    [Theory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    public void A_device_has_what_SPDM_wants(string curve)
    {
        DeviceIdentity identity = Identities.Of(curve == "P-256" ? PrimeCurve.P256 : PrimeCurve.P384);
        using X509Certificate2 leaf = X509CertificateLoader.LoadCertificate(identity.Certificates[^1]);

        Assert.Equal(3, identity.Certificates.Count);
        Assert.Equal("CN=CoveJit NVMe 0001, O=CoveJit", leaf.Subject);
        Assert.Equal("CN=CoveJit Device Intermediate CA, O=CoveJit", leaf.Issuer);
        Assert.False(leaf.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
        Assert.Equal(X509KeyUsageFlags.DigitalSignature, leaf.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages);
        Assert.Equal(SpdmOids.ResponderAuth, leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages[0].Value);
        Assert.NotNull(leaf.Extensions[SpdmOids.SpdmExtension]);
        string names = System.Text.Encoding.Latin1.GetString(leaf.Extensions["2.5.29.17"]!.RawData);
        Assert.Contains("CoveJit:NVMe:0001", names, StringComparison.Ordinal);
        Assert.Contains("Vendor=1B36:Device=0010:CC=010802:REV=02:SSVID=1AF4:SSID=1100", names, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_seed_gives_the_same_certificates_and_another_seed_others()
    {
        DeviceIdentity first = Identities.Create(PrimeCurve.P384, "seed");
        DeviceIdentity again = Identities.Create(PrimeCurve.P384, "seed");
        DeviceIdentity other = Identities.Create(PrimeCurve.P384, "seed 2");

        Assert.Equal(first.Certificates, again.Certificates);
        Assert.Equal(first.ToPem(), again.ToPem());
        Assert.NotEqual(first.Certificates[0], other.Certificates[0]);
    }

    [Theory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    public void Identities_are_written_and_read(string curve)
    {
        DeviceIdentity identity = Identities.Of(curve == "P-256" ? PrimeCurve.P256 : PrimeCurve.P384);

        DeviceIdentity again = DeviceIdentity.FromPem(identity.ToPem());

        Assert.Equal(identity.Certificates, again.Certificates);
        Assert.Same(identity.Curve, again.Curve);
        byte[] message = [1, 2, 3];
        Assert.Equal(
            identity.CreateDeterministicSigner().Sign(message, HashAlgorithmName.SHA384),
            again.CreateDeterministicSigner().Sign(message, HashAlgorithmName.SHA384));
    }

    [Fact]
    public void A_PEM_without_key_or_certificate_is_refused()
    {
        string pem = Identities.Of(PrimeCurve.P256).ToPem();
        int key = pem.IndexOf("-----BEGIN PRIVATE KEY", StringComparison.Ordinal);

        Assert.Throws<FormatException>(() => DeviceIdentity.FromPem(pem[..key]));
        Assert.Throws<FormatException>(() => DeviceIdentity.FromPem(pem[key..]));
        Assert.Throws<FormatException>(() => DeviceIdentity.FromPem("nothing"));
    }

    [Fact]
    public void A_chain_may_leave_the_root_out()
    {
        DeviceIdentity identity = Identities.Of(PrimeCurve.P384);
        SpdmAlgorithms algorithms = new() { BaseHash = BaseHashAlgorithms.Sha384, BaseAsymmetric = BaseAsymmetricAlgorithms.EcdsaP384 };
        byte[] whole = CertificateChain.Create(algorithms, identity.Certificates).Bytes;
        byte[] withoutRoot = [.. whole[..52], .. whole[(52 + identity.Certificates[0].Length)..]];
        BitConverter.GetBytes((ushort)withoutRoot.Length).CopyTo(withoutRoot, 0);

        Assert.True(CertificateChain.TryParse(withoutRoot, 48, out CertificateChain? chain, out _));
        Assert.Equal(2, chain.Certificates.Count);
        Assert.True(new CertificateVerifier([identity.Certificates[0]], new TestClock()).TryVerify(chain, algorithms, out DeviceCertificate? certificate, out string? reason), reason);
        certificate.Dispose();
        Assert.False(new CertificateVerifier([identity.Certificates[1]], new TestClock()).TryVerify(chain, algorithms, out _, out _));
    }
}
