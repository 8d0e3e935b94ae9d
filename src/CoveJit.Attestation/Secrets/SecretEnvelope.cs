using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Text;
using CoveJit.Attestation.Cryptography;

namespace CoveJit.Attestation.Secrets;

/// <summary>
/// A secret for whoever holds a private key: ECDH on P-384 with an ephemeral key, HKDF-SHA-384, AES-256-GCM. An envelope is the
/// CBOR array [1, ephemeral COSE_Key (bstr), ciphertext and 16-byte tag (bstr)]. Key (32 bytes) and nonce (12) are HKDF(ikm = shared
/// x-coordinate, no salt, info = "CoveJit secret envelope v1" || purpose || 0 || ephemeral x || y || recipient x || y); the context is
/// authenticated along.
/// </summary>
public static class SecretEnvelope
{
    /// <summary>Most bytes of a secret: what <c>sbi_covg_retrieve_secret</c> can return.</summary>
    public const int MaxSecret = 4096;

    /// <summary>The purpose of secrets that a relying party releases; the context is the challenge of the evidence.</summary>
    public const string RemotePurpose = "remote";

    /// <summary>The purpose of secrets in TVM attestation payloads; the context is the payload's conditions.</summary>
    public const string LocalPurpose = "local";

    private const string What = "a secret envelope";
    private const string Label = "CoveJit secret envelope v1";
    private const int Version = 1;
    private const int KeySize = 32;
    private const int NonceSize = 12;
    private const int TagSize = 16;

    /// <summary>Encrypts a secret.</summary>
    /// <param name="recipient">Who shall read it.</param>
    /// <param name="purpose">What it is for: an envelope opens for the same purpose only.</param>
    /// <param name="context">What it is bound to: an envelope opens with the same context only.</param>
    /// <param name="secret">At most <see cref="MaxSecret"/> bytes.</param>
    public static byte[] Seal(P384PublicKey recipient, string purpose, ReadOnlySpan<byte> context, ReadOnlySpan<byte> secret)
    {
        ArgumentNullException.ThrowIfNull(recipient);
        if (secret.Length > MaxSecret)
        {
            throw new ArgumentException($"A secret has at most {MaxSecret} bytes.", nameof(secret));
        }

        using ECDiffieHellman ephemeral = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        P384PublicKey ephemeralPublic = P384PublicKey.FromKey(ephemeral);
        byte[] keys = DeriveKeys(ephemeral, recipient, purpose, ephemeralPublic, recipient);
        byte[] ciphertext = new byte[secret.Length + TagSize];
        using (AesGcm cipher = new(keys.AsSpan(0, KeySize), TagSize))
        {
            cipher.Encrypt(keys.AsSpan(KeySize), secret, ciphertext.AsSpan(0, secret.Length), ciphertext.AsSpan(secret.Length), context);
        }

        CborWriter writer = CborDecoding.Writer();
        writer.WriteStartArray(3);
        writer.WriteInt32(Version);
        writer.WriteByteString(ephemeralPublic.ToCose());
        writer.WriteByteString(ciphertext);
        writer.WriteEndArray();
        return writer.Encode();
    }

    /// <summary>Decrypts a secret.</summary>
    /// <param name="envelope">The envelope, hostile.</param>
    /// <param name="recipient">The recipient's private key.</param>
    /// <param name="purpose">As for sealing.</param>
    /// <param name="context">As for sealing.</param>
    /// <returns>The secret; null if the envelope is for another key, purpose or context, or was changed.</returns>
    /// <exception cref="AttestationException">It is no envelope.</exception>
    public static byte[]? Open(ReadOnlyMemory<byte> envelope, ECDiffieHellman recipient, string purpose, ReadOnlySpan<byte> context)
    {
        ArgumentNullException.ThrowIfNull(recipient);
        (P384PublicKey ephemeral, ReadOnlyMemory<byte> ciphertext) = CborDecoding.Decode(envelope, What, reader =>
        {
            if (reader.ReadStartArray() != 3 || reader.ReadInt32() != Version)
            {
                throw AttestationException.Malformed(What, "is not of version 1");
            }

            P384PublicKey key = P384PublicKey.FromCose(reader.ReadDefiniteLengthByteString());
            ReadOnlyMemory<byte> text = reader.ReadDefiniteLengthByteString();
            reader.ReadEndArray();
            return text.Length is >= TagSize and <= MaxSecret + TagSize
                ? (key, text)
                : throw AttestationException.Malformed(What, "is too short or too long");
        });

        byte[] keys = DeriveKeys(recipient, ephemeral, purpose, ephemeral, P384PublicKey.FromKey(recipient));
        byte[] secret = new byte[ciphertext.Length - TagSize];
        using AesGcm cipher = new(keys.AsSpan(0, KeySize), TagSize);
        try
        {
            cipher.Decrypt(keys.AsSpan(KeySize), ciphertext.Span[..secret.Length], ciphertext.Span[secret.Length..], secret, context);
            return secret;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    // The nonce comes from the derivation: the ephemeral key is fresh, so that a key is used once.
    private static byte[] DeriveKeys(ECDiffieHellman own, P384PublicKey other, string purpose, P384PublicKey ephemeral, P384PublicKey recipient)
    {
        using ECDiffieHellman peer = other.CreateAgreement();
        using ECDiffieHellmanPublicKey peerKey = peer.PublicKey;
        byte[] info = [.. Encoding.ASCII.GetBytes(Label), .. Encoding.ASCII.GetBytes(purpose), 0, .. ephemeral.Point, .. recipient.Point];
        return HKDF.DeriveKey(HashAlgorithmName.SHA384, own.DeriveRawSecretAgreement(peerKey), KeySize + NonceSize, info: info);
    }
}
