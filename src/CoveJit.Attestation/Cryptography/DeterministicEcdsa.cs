using System.Numerics;
using System.Security.Cryptography;

namespace CoveJit.Attestation.Cryptography;

/// <summary>
/// ECDSA on P-384 with SHA-384 whose signatures depend on nothing but key and message (RFC 6979), so that a run with
/// <c>--icount</c> gives a TVM the same evidence, byte for byte, each time. Safe for use by several threads.
/// </summary>
internal sealed class DeterministicEcdsa : ECDsa
{
    private readonly ECParameters _parameters;
    private readonly BigInteger _scalar;

    /// <summary>Makes the key of a private scalar.</summary>
    public DeterministicEcdsa(BigInteger scalar)
    {
        _parameters = P384.KeyPair(scalar);
        _scalar = scalar;
        KeySizeValue = 8 * P384.FieldSize;
        LegalKeySizesValue = [new KeySizes(KeySizeValue, KeySizeValue, 0)];
        PublicKey = P384PublicKey.FromParameters(_parameters);
    }

    /// <summary>The public half.</summary>
    public P384PublicKey PublicKey { get; }

    /// <inheritdoc/>
    public override byte[] SignHash(byte[] hash)
    {
        ArgumentNullException.ThrowIfNull(hash);
        if (hash.Length != P384.FieldSize)
        {
            throw new CryptographicException("Only SHA-384 hashes are signed.");
        }

        BigInteger z = P384.ToInteger(hash);
        foreach (BigInteger k in Nonces(z % P384.Order))
        {
            // The host's library multiplies the base point: a nonce's point is the public key of the nonce.
            BigInteger r = P384.ToInteger(P384.KeyPair(k).Q.X) % P384.Order;
            BigInteger s = BigInteger.ModPow(k, P384.Order - 2, P384.Order) * (z + (r * _scalar)) % P384.Order;
            if (!r.IsZero && !s.IsZero)
            {
                return [.. P384.ToBytes(r), .. P384.ToBytes(s)];
            }
        }

        throw new CryptographicException("No nonce was found.");
    }

    /// <inheritdoc/>
    public override bool VerifyHash(byte[] hash, byte[] signature)
    {
        using ECDsa verifier = PublicKey.CreateVerifier();
        return verifier.VerifyHash(hash, signature);
    }

    /// <inheritdoc/>
    public override ECParameters ExportParameters(bool includePrivateParameters) => _parameters with
    {
        D = includePrivateParameters ? _parameters.D : null,
    };

    // RFC 6979, 3.2. Order and hash have the same length, so that every V is one candidate.
    private IEnumerable<BigInteger> Nonces(BigInteger hash)
    {
        byte[] seed = [.. P384.ToBytes(_scalar), .. P384.ToBytes(hash)];
        byte[] v = new byte[P384.FieldSize];
        byte[] k = new byte[P384.FieldSize];
        Array.Fill(v, (byte)1);
        for (byte round = 0; round <= 1; round++)
        {
            byte[] input = [.. v, round, .. seed];
            k = HMACSHA384.HashData(k, input);
            v = HMACSHA384.HashData(k, v);
        }

        while (true)
        {
            v = HMACSHA384.HashData(k, v);
            BigInteger candidate = P384.ToInteger(v);
            if (!candidate.IsZero && candidate < P384.Order)
            {
                yield return candidate;
            }

            byte[] next = [.. v, 0];
            k = HMACSHA384.HashData(k, next);
            v = HMACSHA384.HashData(k, v);
        }
    }
}
