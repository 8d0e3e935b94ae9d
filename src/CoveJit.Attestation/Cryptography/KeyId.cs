using System.Security.Cryptography;

namespace CoveJit.Attestation.Cryptography;

/// <summary>The identifier of a layer's key: UDS_ID or CDI_ID (CoVE, Layered Evidence). Compared by content.</summary>
public readonly struct KeyId : IEquatable<KeyId>
{
    /// <summary>Bytes: the most that an X.509 serial number may have.</summary>
    public const int Size = 20;

    private static readonly byte[] ZeroBytes = new byte[Size];
    private static readonly byte[] Salt = SHA512.HashData("CoveJit DICE identifier"u8);

    private readonly byte[]? _bytes;

    /// <summary>Takes an identifier's bytes.</summary>
    /// <exception cref="ArgumentException">There are not <see cref="Size"/> of them.</exception>
    public KeyId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"A key identifier has {Size} bytes.", nameof(bytes));
        }

        _bytes = bytes.ToArray();
    }

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes ?? ZeroBytes;

    /// <summary>
    /// The identifier of a public key: HKDF-SHA-384(ikm = x || y, salt = SHA-512("CoveJit DICE identifier"), info = "CDI_ID"), its
    /// first two bits set to 01 so that it is a positive 20-byte integer, as X.509 serial numbers have to be.
    /// </summary>
    internal static KeyId Of(ReadOnlySpan<byte> point)
    {
        Span<byte> id = stackalloc byte[Size];
        HKDF.DeriveKey(HashAlgorithmName.SHA384, point, id, Salt, "CDI_ID"u8);
        id[0] = (byte)((id[0] & 0x3F) | 0x40);
        return new KeyId(id);
    }

    /// <summary>Whether two identifiers are the same.</summary>
    public static bool operator ==(KeyId left, KeyId right) => left.Equals(right);

    /// <summary>Whether two identifiers differ.</summary>
    public static bool operator !=(KeyId left, KeyId right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(KeyId other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is KeyId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(Bytes);

    /// <summary>Lowercase hexadecimal digits, as certificates name issuer and subject.</summary>
    public override string ToString() => Convert.ToHexStringLower(Bytes);
}
