using CoveJit.Attestation.Certificates;
using CoveJit.Attestation.Cryptography;

namespace CoveJit.Attestation.Verification;

/// <summary>Reads a key to trust, a root's or an owner's, from a file: an X.509 certificate or a public key, PEM or DER, or a COSE_Key.</summary>
public static class TrustAnchor
{
    private const int MaxFile = 64 * 1024;
    private const byte DerSequence = 0x30;

    /// <summary>Reads a root's file.</summary>
    /// <exception cref="AttestationException">It cannot be read, or holds no root.</exception>
    public static P384PublicKey Load(string path) => Load(path, "root");

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="whose">Whose key it is, for errors: <c>root</c>, <c>owner</c>.</param>
    /// <exception cref="AttestationException">It cannot be read, or holds no key that could be trusted.</exception>
    public static P384PublicKey Load(string path, string whose)
    {
        byte[] bytes = HostFiles.Read(path, whose, MaxFile);
        try
        {
            return Decode(bytes);
        }
        catch (AttestationException e)
        {
            throw new AttestationException($"{whose} {path}: {e.Cause}", $"give the {whose}'s X.509 certificate or its public key (PEM or DER), of P-384", e);
        }
    }

    /// <summary>Reads a root.</summary>
    /// <exception cref="AttestationException">It is none.</exception>
    public static P384PublicKey Decode(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Span.StartsWith("-----BEGIN PUBLIC KEY"u8))
        {
            return P384PublicKey.FromSubjectPublicKeyInfo(PresentedEvidence.ReadPem(bytes.Span, "PUBLIC KEY", 1)[0]);
        }

        if (bytes.Span.StartsWith("-----BEGIN "u8))
        {
            return OfCertificate(PresentedEvidence.ReadPem(bytes.Span, "CERTIFICATE", 1)[0]);
        }

        return bytes.Span switch
        {
            [DerSequence, 0x76, ..] => P384PublicKey.FromSubjectPublicKeyInfo(bytes.Span),
            [DerSequence, ..] => OfCertificate(bytes),
            _ => P384PublicKey.FromCose(bytes),
        };
    }

    private static P384PublicKey OfCertificate(ReadOnlyMemory<byte> bytes)
    {
        DiceCertificate certificate = DiceCertificate.Decode(bytes);
        return certificate.IsIssuedBy(certificate.PublicKey)
            ? certificate.PublicKey
            : throw AttestationException.Malformed("the certificate", "is not signed by its own key, so it is no root");
    }
}
