using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Evidence;

namespace CoveJit.Attestation.Certificates;

/// <summary>
/// An X.509 certificate of the chain (CoVE, X.509 Attestation Certificate; RFC 5280). Reading takes this profile and nothing else,
/// so that no rule of X.509 that the profile does not use can be turned against a verifier. It checks the form only;
/// <see cref="IsIssuedBy"/> checks the rest.
/// </summary>
public sealed class DiceCertificate
{
    private const string What = "the X.509 certificate";
    private const int Version3 = 2;
    private const int KeyCertSignBit = 5;

    private byte[] _signedPart = [];
    private byte[] _signature = [];

    private DiceCertificate(byte[] encoded) => Encoded = encoded;

    /// <summary>The certificate (DER).</summary>
    public ReadOnlyMemory<byte> Encoded { get; }

    /// <summary>The serial number: the issuer's identifier.</summary>
    public KeyId Serial { get; private set; }

    /// <summary>Common name of the issuer: its identifier, lowercase hexadecimal.</summary>
    public string Issuer { get; private set; } = string.Empty;

    /// <summary>Common name of the subject: its identifier, lowercase hexadecimal.</summary>
    public string Subject { get; private set; } = string.Empty;

    /// <summary>The subject's key.</summary>
    public P384PublicKey PublicKey { get; private set; } = null!;

    /// <summary>Certificate authorities that may follow.</summary>
    public int PathLength { get; private set; }

    /// <summary>Evidence in the UCCS extension; null in certificates of the platform and the TSM.</summary>
    public EvidenceToken? Evidence { get; private set; }

    private KeyId AuthorityKey { get; set; }

    private KeyId SubjectKey { get; set; }

    /// <summary>Whether names and identifiers follow from the keys, as they do in certificates of the profile.</summary>
    public bool IsNamedAfterItsKey => Subject == PublicKey.KeyId.ToString() && SubjectKey == PublicKey.KeyId;

    /// <summary>Reads a certificate.</summary>
    /// <param name="encoded">The bytes (DER), hostile.</param>
    /// <exception cref="AttestationException">It is anything else.</exception>
    public static DiceCertificate Decode(ReadOnlyMemory<byte> encoded)
    {
        if (encoded.Length > EvidenceToken.MaxSize)
        {
            throw AttestationException.Malformed(What, $"has more than {EvidenceToken.MaxSize} bytes");
        }

        try
        {
            DiceCertificate certificate = new(encoded.ToArray());
            certificate.Read();
            return certificate;
        }
        catch (AsnContentException e)
        {
            throw AttestationException.Malformed(What, "is malformed DER", e);
        }
    }

    /// <summary>Whether a key issued this certificate: it signed it, and its identifier is everywhere it has to be.</summary>
    public bool IsIssuedBy(P384PublicKey issuer)
    {
        ArgumentNullException.ThrowIfNull(issuer);
        if (Issuer != issuer.KeyId.ToString() || Serial != issuer.KeyId || AuthorityKey != issuer.KeyId)
        {
            return false;
        }

        using ECDsa verifier = issuer.CreateVerifier();
        return verifier.VerifyData(_signedPart, _signature, HashAlgorithmName.SHA384, DSASignatureFormat.Rfc3279DerSequence);
    }

    private void Read()
    {
        AsnReader file = new(Encoded, AsnEncodingRules.DER);
        AsnReader certificate = file.ReadSequence();
        file.ThrowIfNotEmpty();
        _signedPart = certificate.PeekEncodedValue().ToArray();
        ReadSignedPart(certificate.ReadSequence());
        ReadAlgorithm(certificate);
        _signature = ReadBits(certificate);
        certificate.ThrowIfNotEmpty();
    }

    private void ReadSignedPart(AsnReader part)
    {
        AsnReader version = part.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0));
        Expect(version.TryReadInt32(out int number) && number == Version3, "is not of version 3");
        version.ThrowIfNotEmpty();
        BigInteger serial = part.ReadInteger();
        Expect(serial.Sign > 0 && serial.GetByteCount(isUnsigned: true) == KeyId.Size, "has no identifier for a serial number");
        Serial = new KeyId(serial.ToByteArray(isUnsigned: true, isBigEndian: true));
        ReadAlgorithm(part);
        Issuer = ReadName(part);
        ReadValidity(part.ReadSequence());
        Subject = ReadName(part);
        PublicKey = P384PublicKey.FromSubjectPublicKeyInfo(part.ReadEncodedValue().Span);
        AsnReader outer = part.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 3));
        ReadExtensions(outer.ReadSequence());
        outer.ThrowIfNotEmpty();
        part.ThrowIfNotEmpty();
    }

    private void ReadExtensions(AsnReader extensions)
    {
        HashSet<string> seen = [];
        while (extensions.HasData)
        {
            AsnReader extension = extensions.ReadSequence();
            string id = extension.ReadObjectIdentifier();
            bool critical = extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean();
            byte[] content = extension.ReadOctetString();
            AsnReader value = new(content, AsnEncodingRules.DER);
            extension.ThrowIfNotEmpty();
            Expect(seen.Add(id), "has an extension twice");
            switch (id)
            {
                case DiceCertificateProfile.AuthorityKeyIdentifier when !critical:
                    AsnReader authority = value.ReadSequence();
                    AuthorityKey = ReadKeyId(authority.ReadOctetString(new Asn1Tag(TagClass.ContextSpecific, 0)));
                    authority.ThrowIfNotEmpty();
                    break;
                case DiceCertificateProfile.SubjectKeyIdentifier when !critical:
                    SubjectKey = ReadKeyId(value.ReadOctetString());
                    break;
                case DiceCertificateProfile.KeyUsage when critical:
                    byte[] bits = value.ReadBitString(out int unused);
                    Expect(bits.Length == 1 && unused == 7 - KeyCertSignBit && bits[0] == 0x80 >> KeyCertSignBit, "is for another use than signing certificates");
                    break;
                case DiceCertificateProfile.BasicConstraints when critical:
                    AsnReader constraints = value.ReadSequence();
                    Expect(constraints.ReadBoolean(), "is for no certificate authority");
                    Expect(constraints.TryReadInt32(out int length) && length >= 0, "has no path length");
                    PathLength = length;
                    constraints.ThrowIfNotEmpty();
                    break;
                case DiceCertificateProfile.UccsEvidence when critical:
                    // The value is CBOR, not ASN.1.
                    Evidence = EvidenceToken.Decode(content);
                    continue;
                default:
                    throw AttestationException.Malformed(What, $"has an extension {id} that the profile has not, or not so");
            }

            value.ThrowIfNotEmpty();
        }

        Expect(seen.Count == (Evidence is null ? 4 : 5), "lacks an extension");
    }

    private static void ReadAlgorithm(AsnReader reader)
    {
        AsnReader algorithm = reader.ReadSequence();
        Expect(algorithm.ReadObjectIdentifier() == DiceCertificateProfile.EcdsaWithSha384, "is not signed with ECDSA and SHA-384");
        algorithm.ThrowIfNotEmpty();
    }

    private static string ReadName(AsnReader reader)
    {
        AsnReader name = reader.ReadSequence();
        AsnReader set = name.ReadSetOf();
        AsnReader attribute = set.ReadSequence();
        Expect(attribute.ReadObjectIdentifier() == DiceCertificateProfile.CommonName, "names somebody by more than a common name");
        string text = attribute.ReadCharacterString(UniversalTagNumber.UTF8String);
        attribute.ThrowIfNotEmpty();
        set.ThrowIfNotEmpty();
        name.ThrowIfNotEmpty();
        return text;
    }

    private static void ReadValidity(AsnReader validity)
    {
        DateTimeOffset from = validity.ReadUtcTime();
        DateTimeOffset to = validity.ReadGeneralizedTime();
        validity.ThrowIfNotEmpty();
        Expect(from == DiceCertificateProfile.NotBefore && to == DiceCertificateProfile.NotAfter, "has another validity than the profile's");
    }

    private static byte[] ReadBits(AsnReader reader)
    {
        byte[] bits = reader.ReadBitString(out int unused);
        Expect(unused == 0, "has a signature of odd length");
        return bits;
    }

    private static KeyId ReadKeyId(byte[] bytes)
    {
        Expect(bytes.Length == KeyId.Size, "identifies a key by something else than a CDI_ID");
        return new KeyId(bytes);
    }

    private static void Expect([DoesNotReturnIf(false)] bool condition, string problem)
    {
        if (!condition)
        {
            throw AttestationException.Malformed(What, problem);
        }
    }
}
