using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;
using System.Security.Cryptography;

namespace CoveJit.Attestation.Cryptography;

/// <summary>A public key: a point of P-384. Compared by content.</summary>
public sealed class P384PublicKey : IEquatable<P384PublicKey>
{
    /// <summary>Bytes of a point: x, then y.</summary>
    public const int Size = 2 * P384.FieldSize;

    // COSE_Key parameters (RFC 9052, 7; RFC 9053, 7.1.1).
    private const int KeyType = 1;
    private const int KeyTypeEc2 = 2;
    private const int Curve = -1;
    private const int CurveP384 = 2;
    private const int X = -2;
    private const int Y = -3;
    private const int ParameterCount = 4;

    private readonly byte[] _point;

    private P384PublicKey(byte[] point)
    {
        _point = point;
        KeyId = KeyId.Of(point);
    }

    /// <summary>The coordinates: x, then y, big-endian.</summary>
    public ReadOnlySpan<byte> Point => _point;

    /// <summary>The key's identifier: the CDI_ID of the layer whose key it is (CoVE, Layered Evidence).</summary>
    public KeyId KeyId { get; }

    /// <summary>Takes a point.</summary>
    /// <param name="point">x, then y, big-endian.</param>
    /// <exception cref="AttestationException">It is not on the curve.</exception>
    public static P384PublicKey FromPoint(ReadOnlySpan<byte> point)
    {
        if (point.Length != Size)
        {
            throw AttestationException.Malformed("a public key", $"has {point.Length} bytes instead of {Size}");
        }

        P384PublicKey key = new(point.ToArray());
        try
        {
            // The host's library refuses points that are not on the curve.
            using ECDsa check = key.CreateVerifier();
        }
        catch (CryptographicException e)
        {
            throw AttestationException.Malformed("a public key", "is not on the curve P-384", e);
        }

        return key;
    }

    /// <summary>Reads a COSE_Key with the four parameters of a P-384 key, deterministically encoded.</summary>
    /// <exception cref="AttestationException">It is anything else.</exception>
    public static P384PublicKey FromCose(ReadOnlyMemory<byte> encoded) => CborDecoding.Decode(encoded, "a public key", reader =>
    {
        byte[] point = new byte[Size];
        bool known = reader.ReadStartMap() == ParameterCount
            && reader.ReadInt32() == KeyType && reader.ReadInt32() == KeyTypeEc2
            && reader.ReadInt32() == Curve && reader.ReadInt32() == CurveP384
            && reader.ReadInt32() == X && reader.TryReadByteString(point.AsSpan(0, P384.FieldSize), out int x) && x == P384.FieldSize
            && reader.ReadInt32() == Y && reader.TryReadByteString(point.AsSpan(P384.FieldSize), out int y) && y == P384.FieldSize;
        if (!known)
        {
            throw AttestationException.Malformed("a public key", "is no COSE_Key of P-384 (kty EC2, crv P-384, x, y)");
        }

        reader.ReadEndMap();
        return FromPoint(point);
    });

    /// <summary>Reads a COSE_Key that a TVM gave.</summary>
    /// <returns>False if it is no P-384 key.</returns>
    public static bool TryFromCose(ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out P384PublicKey? key)
    {
        try
        {
            key = FromCose(encoded);
            return true;
        }
        catch (AttestationException)
        {
            key = null;
            return false;
        }
    }

    /// <summary>Reads an X.509 SubjectPublicKeyInfo (DER).</summary>
    /// <exception cref="AttestationException">It is no P-384 key.</exception>
    public static P384PublicKey FromSubjectPublicKeyInfo(ReadOnlySpan<byte> encoded)
    {
        // A P-384 key has one encoding; comparing the prefix is a complete parser.
        ReadOnlySpan<byte> prefix = SubjectPublicKeyInfoPrefix;
        return encoded.Length == prefix.Length + Size && encoded.StartsWith(prefix)
            ? FromPoint(encoded[prefix.Length..])
            : throw AttestationException.Malformed("a public key", "is no uncompressed P-384 key (SubjectPublicKeyInfo)");
    }

    /// <summary>The public half of a key of the host's library.</summary>
    public static P384PublicKey FromKey(ECAlgorithm key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return FromParameters(key.ExportParameters(includePrivateParameters: false));
    }

    /// <summary>The COSE_Key, deterministically encoded.</summary>
    public byte[] ToCose()
    {
        CborWriter writer = CborDecoding.Writer();
        writer.WriteStartMap(ParameterCount);
        writer.WriteInt32(KeyType);
        writer.WriteInt32(KeyTypeEc2);
        writer.WriteInt32(Curve);
        writer.WriteInt32(CurveP384);
        writer.WriteInt32(X);
        writer.WriteByteString(Point[..P384.FieldSize]);
        writer.WriteInt32(Y);
        writer.WriteByteString(Point[P384.FieldSize..]);
        writer.WriteEndMap();
        return writer.Encode();
    }

    /// <summary>The X.509 SubjectPublicKeyInfo (DER): <c>openssl pkey -pubin -inform DER</c> reads it.</summary>
    public byte[] ToSubjectPublicKeyInfo() => [.. SubjectPublicKeyInfoPrefix, .. _point];

    /// <inheritdoc/>
    public bool Equals(P384PublicKey? other) => other is not null && _point.AsSpan().SequenceEqual(other._point);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as P384PublicKey);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(_point);

    /// <summary>The identifier, in hexadecimal.</summary>
    public override string ToString() => KeyId.ToString();

    internal static P384PublicKey FromParameters(ECParameters parameters) => FromPoint([.. parameters.Q.X!, .. parameters.Q.Y!]);

    internal ECDsa CreateVerifier() => ECDsa.Create(Parameters());

    internal ECDiffieHellman CreateAgreement() => ECDiffieHellman.Create(Parameters());

    private ECParameters Parameters() => new()
    {
        Curve = ECCurve.NamedCurves.nistP384,
        Q = new ECPoint { X = _point[..P384.FieldSize], Y = _point[P384.FieldSize..] },
    };

    // SEQUENCE { SEQUENCE { id-ecPublicKey, secp384r1 }, BIT STRING { 04, point } } (RFC 5480).
    private static ReadOnlySpan<byte> SubjectPublicKeyInfoPrefix =>
    [
        0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04,
    ];
}
