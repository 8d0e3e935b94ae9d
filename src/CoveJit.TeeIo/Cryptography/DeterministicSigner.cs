using System.Numerics;
using System.Security.Cryptography;

namespace CoveJit.TeeIo.Cryptography;

/// <summary>
/// Signs by deterministic ECDSA (RFC 6979), so that an emulated device answers the same bytes in every run. The platform multiplies the
/// point; the scalar arithmetic is BigInteger's and takes a time that depends on the key, which is why this is for emulated devices only.
/// </summary>
public sealed class DeterministicSigner : ISigner
{
    private readonly byte[] _scalar;
    private readonly BigInteger _key;

    /// <summary>Makes a signer.</summary>
    /// <param name="curve">The curve.</param>
    /// <param name="scalar">The private key, big-endian.</param>
    public DeterministicSigner(PrimeCurve curve, ReadOnlySpan<byte> scalar)
    {
        ArgumentNullException.ThrowIfNull(curve);
        Curve = curve;
        _scalar = scalar.ToArray();
        _key = Number(scalar);
        PublicPoint = curve.KeyPair(scalar).Q;
    }

    /// <inheritdoc/>
    public PrimeCurve Curve { get; }

    /// <inheritdoc/>
    public ECPoint PublicPoint { get; }

    /// <inheritdoc/>
    public byte[] Sign(ReadOnlySpan<byte> message, HashAlgorithmName hash)
    {
        byte[] digest = CryptographicOperations.HashData(hash, message);
        BigInteger z = Truncate(digest);
        NonceGenerator nonces = new(hash, _scalar, Octets(z % Curve.Order));
        while (true)
        {
            byte[] nonce = nonces.Next(Curve);
            BigInteger k = Number(nonce);
            BigInteger r = Number(Curve.KeyPair(nonce).Q.X) % Curve.Order;
            BigInteger s = Inverse(k) * (z + (r * _key)) % Curve.Order;
            if (!r.IsZero && !s.IsZero)
            {
                return [.. Octets(r), .. Octets(s)];
            }
        }
    }

    private static BigInteger Number(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    // The order is prime, so an inverse is a power (Fermat).
    private BigInteger Inverse(BigInteger value) => BigInteger.ModPow(value, Curve.Order - 2, Curve.Order);

    // The leftmost bits of the digest, as many as the order has: both curves' orders are a whole number of bytes.
    private BigInteger Truncate(ReadOnlySpan<byte> digest) => Number(digest[..Math.Min(digest.Length, Curve.CoordinateSize)]);

    private byte[] Octets(BigInteger value)
    {
        byte[] octets = new byte[Curve.CoordinateSize];
        byte[] digits = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        digits.CopyTo(octets, octets.Length - digits.Length);
        return octets;
    }

    // RFC 6979, section 3.2.
    private sealed class NonceGenerator
    {
        private readonly HashAlgorithmName _hash;
        private byte[] _k;
        private byte[] _v;

        public NonceGenerator(HashAlgorithmName hash, byte[] key, byte[] digest)
        {
            _hash = hash;
            int size = CryptographicOperations.HashData(hash, []).Length;
            _k = new byte[size];
            _v = new byte[size];
            _v.AsSpan().Fill(1);
            Update([0, .. key, .. digest]);
            Update([1, .. key, .. digest]);
        }

        public byte[] Next(PrimeCurve curve)
        {
            while (true)
            {
                List<byte> t = [];
                while (t.Count < curve.CoordinateSize)
                {
                    _v = Hmac(_v);
                    t.AddRange(_v);
                }

                byte[] candidate = [.. t.Take(curve.CoordinateSize)];
                bool found = curve.IsScalar(candidate);

                // Prepared now for the next call; it makes no difference to this one.
                Update([0]);
                if (found)
                {
                    return candidate;
                }
            }
        }

        private void Update(ReadOnlySpan<byte> data)
        {
            _k = Hmac([.. _v, .. data]);
            _v = Hmac(_v);
        }

        private byte[] Hmac(ReadOnlySpan<byte> data) => CryptographicOperations.HmacData(_hash, _k, data);
    }
}
