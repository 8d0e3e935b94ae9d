using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace CoveJit.Attestation.Cryptography;

/// <summary>
/// Arithmetic of the curve P-384 that .NET does not offer: private keys from seeds. Numbers are computed in variable time: keys
/// here protect an emulated platform, and whoever can time the emulator can read its memory.
/// </summary>
internal static class P384
{
    /// <summary>Bytes of a coordinate and of a scalar.</summary>
    public const int FieldSize = 48;

    /// <summary>Bytes of seed that a private key is derived from: 64 bits more than the order has, which makes the bias negligible.</summary>
    public const int SeedSize = FieldSize + 8;

    /// <summary>The order of the base point (SP 800-186, 3.2.1.4).</summary>
    public static readonly BigInteger Order = BigInteger.Parse(
        "0ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>The private scalar of a seed: (seed mod (n - 1)) + 1, the seed read big-endian (FIPS 186-5, A.2.1).</summary>
    public static BigInteger ScalarFromSeed(ReadOnlySpan<byte> seed) =>
        seed.Length == SeedSize
            ? (ToInteger(seed) % (Order - 1)) + 1
            : throw new ArgumentException($"A seed has {SeedSize} bytes.", nameof(seed));

    /// <summary>Reads a big-endian number.</summary>
    public static BigInteger ToInteger(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    /// <summary>Writes a number as <see cref="FieldSize"/> big-endian bytes.</summary>
    public static byte[] ToBytes(BigInteger value)
    {
        byte[] bytes = new byte[FieldSize];
        value.TryWriteBytes(bytes.AsSpan(FieldSize - value.GetByteCount(isUnsigned: true)), out _, isUnsigned: true, isBigEndian: true);
        return bytes;
    }

    /// <summary>The key pair of a scalar; the host's library computes the point.</summary>
    public static ECParameters KeyPair(BigInteger scalar)
    {
        using ECDsa key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP384, D = ToBytes(scalar) });
        return key.ExportParameters(includePrivateParameters: true);
    }
}
