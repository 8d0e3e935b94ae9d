using System.Security.Cryptography;

namespace CoveJit.TeeIo.Ide;

/// <summary>A key of AES-256-GCM and the invocation field that its initialization vectors begin with.</summary>
public sealed class IdeKey
{
    /// <summary>The key's size, in bytes.</summary>
    public const int KeySize = 32;

    /// <summary>The size of the invocation field, in bytes.</summary>
    public const int IfvSize = 8;

    private readonly byte[] _key;
    private readonly byte[] _ifv;

    /// <summary>Makes a key; the bytes are copied.</summary>
    /// <param name="key">The key, 32 bytes in the order of KEY_PROG.</param>
    /// <param name="ifv">The initial invocation field, 8 bytes in the order of KEY_PROG.</param>
    public IdeKey(ReadOnlySpan<byte> key, ReadOnlySpan<byte> ifv)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeySize);
        ArgumentOutOfRangeException.ThrowIfNotEqual(ifv.Length, IfvSize);
        _key = key.ToArray();
        _ifv = ifv.ToArray();
    }

    /// <summary>The key's bytes.</summary>
    public ReadOnlySpan<byte> Key => _key;

    /// <summary>The initial invocation field's bytes.</summary>
    public ReadOnlySpan<byte> Ifv => _ifv;

    /// <summary>Whether two ports have the same key, in a time that does not depend on how much of it is the same.</summary>
    /// <param name="other">The other port's.</param>
    public bool Matches(IdeKey other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return CryptographicOperations.FixedTimeEquals(_key, other._key) & CryptographicOperations.FixedTimeEquals(_ifv, other._ifv);
    }

    internal void Wipe()
    {
        CryptographicOperations.ZeroMemory(_key);
        CryptographicOperations.ZeroMemory(_ifv);
    }
}
