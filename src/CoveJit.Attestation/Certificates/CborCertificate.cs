using System.Formats.Cbor;
using System.Security.Cryptography;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Evidence;

namespace CoveJit.Attestation.Certificates;

/// <summary>A TVM's certificate in CBOR: issuer, subject and evidence, signed by the TSM (CoVE, CBOR Attestation Certificate).</summary>
/// <param name="Token">The signed envelope.</param>
/// <param name="Issuer">The TSM's CDI_ID, lowercase hexadecimal.</param>
/// <param name="Subject">The TVM's CDI_ID, lowercase hexadecimal.</param>
/// <param name="Evidence">The evidence.</param>
public sealed record CborCertificate(SignedToken Token, string Issuer, string Subject, EvidenceToken Evidence)
{
    private const string What = "the CBOR certificate";

    /// <summary>Reads a certificate.</summary>
    /// <param name="encoded">The bytes, hostile.</param>
    /// <exception cref="AttestationException">It is anything else.</exception>
    public static CborCertificate Decode(ReadOnlyMemory<byte> encoded)
    {
        SignedToken token = SignedToken.Decode(encoded, What);
        return CborDecoding.Decode(token.Payload, What, reader =>
        {
            string? issuer = null;
            string? subject = null;
            EvidenceToken? evidence = null;
            reader.ReadTag(What, ClaimLabel.TagCwt);
            reader.ReadMap(What, 3, label =>
            {
                switch (label)
                {
                    case ClaimLabel.Issuer:
                        issuer = reader.ReadText(What);
                        return true;
                    case ClaimLabel.Subject:
                        subject = reader.ReadText(What);
                        return true;
                    case ClaimLabel.Evidence:
                        evidence = EvidenceToken.Decode(reader.ReadEncodedValue());
                        return true;
                    default:
                        return false;
                }
            });
            return new CborCertificate(token, issuer.Require(What, "issuer"), subject.Require(What, "subject"), evidence.Require(What, "evidence"));
        });
    }

    internal static byte[] Encode(ECDsa issuerKey, KeyId issuer, KeyId subject, ReadOnlySpan<byte> evidence)
    {
        CborWriter writer = CborDecoding.Writer();
        writer.WriteTag((CborTag)ClaimLabel.TagCwt);
        writer.WriteStartMap(3);
        writer.WriteInt32(ClaimLabel.Issuer);
        writer.WriteTextString(issuer.ToString());
        writer.WriteInt32(ClaimLabel.Subject);
        writer.WriteTextString(subject.ToString());
        writer.WriteInt32(ClaimLabel.Evidence);
        writer.WriteEncodedValue(evidence);
        writer.WriteEndMap();
        return SignedToken.Sign(issuerKey, writer.Encode()).Encoded.ToArray();
    }
}
