using System.Numerics;
using System.Security.Cryptography;

namespace CoveJit.TeeIo.Cryptography;

/// <summary>A curve of FIPS 186-5, with what System.Security.Cryptography does not tell about it.</summary>
public sealed class PrimeCurve
{
    private PrimeCurve(ECCurve curve, int coordinateSize, string order)
    {
        Curve = curve;
        CoordinateSize = coordinateSize;
        Order = BigInteger.Parse("0" + order, System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>P-256, secp256r1.</summary>
    public static PrimeCurve P256 { get; } = new(
        ECCurve.NamedCurves.nistP256, 32, "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");

    /// <summary>P-384, secp384r1.</summary>
    public static PrimeCurve P384 { get; } = new(
        ECCurve.NamedCurves.nistP384, 48, "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973");

    /// <summary>The curve.</summary>
    public ECCurve Curve { get; }

    /// <summary>The size of a coordinate, and of a scalar, in bytes.</summary>
    public int CoordinateSize { get; }

    /// <summary>The order of the base point.</summary>
    public BigInteger Order { get; }

    /// <summary>A scalar between 1 and the order.</summary>
    /// <param name="random">Where it comes from.</param>
    public byte[] DrawScalar(IRandomSource random)
    {
        ArgumentNullException.ThrowIfNull(random);
        byte[] scalar = new byte[CoordinateSize];
        do
        {
            random.Fill(scalar);
        }
        while (!IsScalar(scalar));
        return scalar;
    }

    /// <summary>A private key and the public key that belongs to it.</summary>
    /// <param name="scalar">The private key, big-endian.</param>
    public ECParameters KeyPair(ReadOnlySpan<byte> scalar)
    {
        // Without a public point the platform computes it.
        using ECDsa key = ECDsa.Create(new ECParameters { Curve = Curve, D = scalar.ToArray() });
        return key.ExportParameters(includePrivateParameters: true);
    }

    internal bool IsScalar(ReadOnlySpan<byte> bytes)
    {
        BigInteger value = new(bytes, isUnsigned: true, isBigEndian: true);
        return !value.IsZero && value < Order;
    }
}
