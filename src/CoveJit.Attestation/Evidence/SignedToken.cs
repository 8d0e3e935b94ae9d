using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.Cose;
using CoveJit.Attestation.Cryptography;

namespace CoveJit.Attestation.Evidence;

/// <summary>
/// A claim set in a tagged COSE_Sign1 envelope, signed with ES384 (RFC 9052, 4.2; CoVE, Evidence Format): the form of every token
/// and of the CBOR certificate. Reading checks the form only; <see cref="IsSignedBy"/> checks the signature.
/// </summary>
public sealed class SignedToken
{
    private const int AlgorithmHeader = 1;
    private const int KeyIdHeader = 4;
    private const int Es384 = -35;
    private const int SignatureSize = 2 * P384.FieldSize;

    private SignedToken(byte[] encoded, ReadOnlyMemory<byte> payload, KeyId? keyId)
    {
        Encoded = encoded;
        Payload = payload;
        KeyId = keyId;
    }

    /// <summary>The envelope as it was signed.</summary>
    public ReadOnlyMemory<byte> Encoded { get; }

    /// <summary>The signed claim set: a tagged CWT.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>The signer's key, where the token names it: only the platform token does, whose signer nothing else in the evidence names.</summary>
    public KeyId? KeyId { get; }

    /// <summary>Reads an envelope.</summary>
    /// <param name="encoded">The bytes, hostile.</param>
    /// <param name="what">What it should be, for the error.</param>
    /// <exception cref="AttestationException">It is anything else.</exception>
    public static SignedToken Decode(ReadOnlyMemory<byte> encoded, string what) => CborDecoding.Decode(encoded, what, reader =>
    {
        reader.ReadTag(what, ClaimLabel.TagCoseSign1);
        if (reader.ReadStartArray() != 4)
        {
            throw AttestationException.Malformed(what, "is no COSE_Sign1 (an array of four)");
        }

        KeyId? keyId = DecodeProtectedHeader(reader.ReadDefiniteLengthByteString(), what);

        // Unprotected headers say nothing that could be relied on: none are allowed.
        reader.ReadMap(what, 0, _ => false);
        ReadOnlyMemory<byte> payload = reader.ReadDefiniteLengthByteString();
        reader.ReadBytes(what, SignatureSize);
        reader.ReadEndArray();
        return new SignedToken(encoded.ToArray(), payload.ToArray(), keyId);
    });

    /// <summary>Whether the signature over headers and payload is the key's.</summary>
    public bool IsSignedBy(P384PublicKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        using ECDsa verifier = key.CreateVerifier();
        try
        {
            return CoseMessage.DecodeSign1(Encoded.Span).VerifyEmbedded(verifier);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Signs a claim set.</summary>
    internal static SignedToken Sign(ECDsa key, byte[] payload, KeyId? keyId = null)
    {
        CoseHeaderMap headers = [];
        if (keyId is { } id)
        {
            headers.Add(CoseHeaderLabel.KeyIdentifier, CoseHeaderValue.FromBytes(id.Bytes));
        }

        byte[] encoded = CoseSign1Message.SignEmbedded(payload, new CoseSigner(key, HashAlgorithmName.SHA384, headers));
        return new SignedToken(encoded, payload, keyId);
    }

    private static KeyId? DecodeProtectedHeader(ReadOnlyMemory<byte> encoded, string what) => CborDecoding.Decode(encoded, what, reader =>
    {
        KeyId? keyId = null;
        int? algorithm = null;
        reader.ReadMap(what, 2, label =>
        {
            switch (label)
            {
                case AlgorithmHeader:
                    algorithm = reader.ReadInt32();
                    return true;
                case KeyIdHeader:
                    keyId = new KeyId(reader.ReadBytes(what, Cryptography.KeyId.Size));
                    return true;
                default:
                    return false;
            }
        });
        return algorithm == Es384 ? keyId : throw AttestationException.Malformed(what, "is not signed with ES384");
    });
}
