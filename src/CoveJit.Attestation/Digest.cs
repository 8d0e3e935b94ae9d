using System.Security.Cryptography;

namespace CoveJit.Attestation;

/// <summary>A SHA-384 hash: the value of a measurement register, of a component or of a key. Compared by content.</summary>
public readonly struct Digest : IEquatable<Digest>
{
    /// <summary>Bytes in a digest.</summary>
    public const int Size = SHA384.HashSizeInBytes;

    /// <summary>Its name in the IANA registry of hash algorithms, as evidence spells it.</summary>
    public const string AlgorithmName = "sha-384";

    private static readonly byte[] ZeroBytes = new byte[Size];

    private readonly byte[]? _bytes;

    /// <summary>Takes a digest's bytes.</summary>
    /// <exception cref="ArgumentException">There are not <see cref="Size"/> of them.</exception>
    public Digest(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"A digest has {Size} bytes, not {bytes.Length}.", nameof(bytes));
        }

        _bytes = bytes.ToArray();
    }

    /// <summary>All zero: the value of a register that nothing was extended into.</summary>
    public static Digest Zero => default;

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes ?? ZeroBytes;

    /// <summary>Hashes data.</summary>
    public static Digest Of(ReadOnlySpan<byte> data) => new(SHA384.HashData(data));

    /// <summary>Reads 96 hexadecimal digits.</summary>
    public static bool TryParse(string? text, out Digest digest)
    {
        digest = default;
        Span<byte> bytes = stackalloc byte[Size];
        if (text?.Length != 2 * Size || Convert.FromHexString(text, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        digest = new Digest(bytes);
        return true;
    }

    /// <summary>Whether two digests are the same.</summary>
    public static bool operator ==(Digest left, Digest right) => left.Equals(right);

    /// <summary>Whether two digests differ.</summary>
    public static bool operator !=(Digest left, Digest right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(Digest other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Digest other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(Bytes);

    /// <summary>Lowercase hexadecimal digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(Bytes);
}
