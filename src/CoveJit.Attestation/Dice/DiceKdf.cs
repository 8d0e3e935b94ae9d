using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Evidence;

namespace CoveJit.Attestation.Dice;

/// <summary>
/// The key derivation functions that the specification leaves open (CoVE, Layered Evidence): HKDF-SHA-384 throughout, with
/// a fixed salt for key pairs that is the SHA-512 hash of the text below.
/// </summary>
internal static class DiceKdf
{
    /// <summary>Bytes in a compound device identifier.</summary>
    public const int CdiSize = 48;

    private static readonly byte[] KeySalt = SHA512.HashData("CoveJit DICE key pair"u8);

    /// <summary>The next layer's secret: HKDF(ikm = this layer's secret, salt = hash of the next TCB, info = "CDI_Attest" || state).</summary>
    public static byte[] NextCdi(ReadOnlySpan<byte> secret, Digest tcb, PlatformState state)
    {
        Span<byte> info = stackalloc byte[10 + sizeof(ulong)];
        "CDI_Attest"u8.CopyTo(info);
        BinaryPrimitives.WriteUInt64LittleEndian(info[10..], (ulong)state);
        byte[] cdi = new byte[CdiSize];
        HKDF.DeriveKey(HashAlgorithmName.SHA384, secret, cdi, tcb.Bytes, info);
        return cdi;
    }

    /// <summary>A seed for <see cref="P384.ScalarFromSeed"/>: HKDF(ikm = secret, salt = fixed, info = the key's purpose).</summary>
    public static byte[] KeySeed(ReadOnlySpan<byte> secret, string purpose)
    {
        byte[] seed = new byte[P384.SeedSize];
        HKDF.DeriveKey(HashAlgorithmName.SHA384, secret, seed, KeySalt, Encoding.ASCII.GetBytes(purpose));
        return seed;
    }
}
