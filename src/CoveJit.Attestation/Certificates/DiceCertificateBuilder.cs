using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CoveJit.Attestation.Cryptography;

namespace CoveJit.Attestation.Certificates;

/// <summary>Makes the X.509 certificates of the chain: root, platform, TSM and TVM have the same form.</summary>
internal static class DiceCertificateBuilder
{
    /// <summary>Makes a certificate (DER).</summary>
    /// <param name="issuer">The issuing layer's key.</param>
    /// <param name="subject">The subject's public key.</param>
    /// <param name="pathLength">Certificate authorities that may follow.</param>
    /// <param name="evidence">Tagged evidence for the UCCS extension, or empty for none.</param>
    public static byte[] Build(DeterministicEcdsa issuer, P384PublicKey subject, int pathLength, ReadOnlySpan<byte> evidence)
    {
        PublicKey publicKey = PublicKey.CreateFromSubjectPublicKeyInfo(subject.ToSubjectPublicKeyInfo(), out _);
        CertificateRequest request = new(NameOf(subject.KeyId), publicKey, HashAlgorithmName.SHA384);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(issuer.PublicKey.KeyId.Bytes));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(subject.KeyId.Bytes, critical: false));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority(pathLength));
        if (!evidence.IsEmpty)
        {
            request.CertificateExtensions.Add(new X509Extension(DiceCertificateProfile.UccsEvidence, evidence, critical: true));
        }

        // The serial number is the issuer's identifier, as the specification says, so all certificates of a TSM share it.
        using X509Certificate2 certificate = request.Create(
            NameOf(issuer.PublicKey.KeyId),
            X509SignatureGenerator.CreateForECDsa(issuer),
            DiceCertificateProfile.NotBefore,
            DiceCertificateProfile.NotAfter,
            issuer.PublicKey.KeyId.Bytes);
        return certificate.RawData;
    }

    private static X500DistinguishedName NameOf(KeyId id)
    {
        X500DistinguishedNameBuilder builder = new();
        builder.AddCommonName(id.ToString());
        return builder.Build();
    }
}
