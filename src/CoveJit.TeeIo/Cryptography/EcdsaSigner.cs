using System.Security.Cryptography;

namespace CoveJit.TeeIo.Cryptography;

/// <summary>Signs with the platform's ECDSA.</summary>
public sealed class EcdsaSigner : ISigner, IDisposable
{
    private readonly ECDsa _key;

    /// <summary>Makes a signer.</summary>
    /// <param name="curve">The curve.</param>
    /// <param name="scalar">The private key, big-endian.</param>
    public EcdsaSigner(PrimeCurve curve, ReadOnlySpan<byte> scalar)
    {
        ArgumentNullException.ThrowIfNull(curve);
        ECParameters pair = curve.KeyPair(scalar);
        Curve = curve;
        PublicPoint = pair.Q;
        _key = ECDsa.Create(pair);
    }

    /// <inheritdoc/>
    public PrimeCurve Curve { get; }

    /// <inheritdoc/>
    public ECPoint PublicPoint { get; }

    /// <inheritdoc/>
    public byte[] Sign(ReadOnlySpan<byte> message, HashAlgorithmName hash) =>
        _key.SignData(message, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
