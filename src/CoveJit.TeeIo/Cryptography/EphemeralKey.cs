using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace CoveJit.TeeIo.Cryptography;

/// <summary>One side's key of a Diffie-Hellman exchange on a prime curve. Points travel as x then y, big-endian.</summary>
public sealed class EphemeralKey : IDisposable
{
    private readonly PrimeCurve _curve;
    private readonly ECDiffieHellman _key;

    /// <summary>Draws a key.</summary>
    /// <param name="curve">The curve.</param>
    /// <param name="random">Where the private scalar comes from.</param>
    public EphemeralKey(PrimeCurve curve, IRandomSource random)
    {
        ArgumentNullException.ThrowIfNull(curve);
        _curve = curve;
        byte[] scalar = curve.DrawScalar(random);
        ECParameters pair = curve.KeyPair(scalar);
        CryptographicOperations.ZeroMemory(scalar);
        PublicPoint = [.. pair.Q.X!, .. pair.Q.Y!];
        _key = ECDiffieHellman.Create(pair);
        CryptographicOperations.ZeroMemory(pair.D);
    }

    /// <summary>The public point.</summary>
    public byte[] PublicPoint { get; }

    /// <summary>Computes the shared secret: the x coordinate of the common point.</summary>
    /// <param name="peer">The peer's public point.</param>
    /// <param name="secret">The secret.</param>
    /// <returns>False if the peer's point is not on the curve.</returns>
    public bool TryAgree(ReadOnlySpan<byte> peer, [NotNullWhen(true)] out byte[]? secret)
    {
        secret = null;
        if (peer.Length != 2 * _curve.CoordinateSize)
        {
            return false;
        }

        ECPoint point = new() { X = peer[.._curve.CoordinateSize].ToArray(), Y = peer[_curve.CoordinateSize..].ToArray() };
        try
        {
            using ECDiffieHellman other = ECDiffieHellman.Create(new ECParameters { Curve = _curve.Curve, Q = point });
            using ECDiffieHellmanPublicKey key = other.PublicKey;
            secret = _key.DeriveRawSecretAgreement(key);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
