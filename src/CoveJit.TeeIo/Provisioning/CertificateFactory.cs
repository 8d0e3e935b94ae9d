using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CoveJit.TeeIo.Cryptography;
using CoveJit.TeeIo.Spdm.Certificates;

namespace CoveJit.TeeIo.Provisioning;

/// <summary>What certificates of authorities and devices have in common, and what SPDM wants in a device's (DSP0274, "SPDM certificate requirements").</summary>
internal static class CertificateFactory
{
    // PCIe, "Component Measurement and Authentication": the other name with the function's identity.
    private const string CmaIdentity = "2.23.147";
    private const int SerialNumberSize = 16;

    public static CertificateRequest Request(string commonName, ISigner subject)
    {
        X500DistinguishedNameBuilder name = new();
        name.AddCommonName(commonName);
        name.AddOrganizationName("CoveJit");
        PublicKey key = SignatureGenerator.PublicKeyOf(subject);
        CertificateRequest request = new(name.Build(), key, SignatureGenerator.HashOf(subject.Curve));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(key, critical: false));
        return request;
    }

    public static void AddDeviceExtensions(CertificateRequest request, DeviceProfile profile)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(SpdmOids.ResponderAuth)], critical: false));
        request.CertificateExtensions.Add(SubjectAlternativeName(profile));
        request.CertificateExtensions.Add(HardwareIdentity());
    }

    public static byte[] Issue(CertificateRequest request, CertificateOptions options, ISigner issuer, byte[]? issuerCertificate)
    {
        byte[] serialNumber = new byte[SerialNumberSize];
        options.Random.Fill(serialNumber);

        // Positive, and of full length.
        serialNumber[0] = (byte)((serialNumber[0] & 0x7F) | 0x40);
        X500DistinguishedName issuerName = request.SubjectName;
        if (issuerCertificate is not null)
        {
            using X509Certificate2 parent = X509CertificateLoader.LoadCertificate(issuerCertificate);
            issuerName = parent.SubjectName;
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(parent, true, false));
        }

        using X509Certificate2 certificate = request.Create(issuerName, new SignatureGenerator(issuer), options.NotBefore, options.NotAfter, serialNumber);
        return certificate.RawData;
    }

    private static X509Extension SubjectAlternativeName(DeviceProfile profile)
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            WriteOtherName(writer, SpdmOids.DeviceInfo, profile.DeviceInfo);
            if (profile.Pci is not null)
            {
                WriteOtherName(writer, CmaIdentity, profile.Pci.ToString());
            }
        }

        return new X509Extension("2.5.29.17", writer.Encode(), critical: false);
    }

    private static void WriteOtherName(AsnWriter writer, string oid, string value)
    {
        Asn1Tag tag = new(TagClass.ContextSpecific, 0);
        using (writer.PushSequence(tag))
        {
            writer.WriteObjectIdentifier(oid);
            using (writer.PushSequence(tag))
            {
                writer.WriteCharacterString(UniversalTagNumber.UTF8String, value);
            }
        }
    }

    // Id-spdm-cert-oids is a sequence of entries, each a sequence that begins with an identifier.
    private static X509Extension HardwareIdentity()
    {
        AsnWriter writer = new(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(SpdmOids.HardwareIdentity);
        }

        return new X509Extension(SpdmOids.SpdmExtension, writer.Encode(), critical: false);
    }
}
