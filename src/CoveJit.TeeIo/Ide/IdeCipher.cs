using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CoveJit.TeeIo.Ide;

/// <summary>
/// Protects the TLPs of one direction of a sub-stream (PCIe, "IDE TLP Encryption"): AES-256-GCM with a MAC of 96 bits. The initialization
/// vector is 32 fixed bits, with the sub-stream in the topmost four, and the invocation field, which counts TLPs from the value that was
/// programmed. Both ports count for themselves, so a TLP that is lost, repeated or reordered does not open. Allocates nothing per TLP.
/// </summary>
public sealed class IdeCipher : IDisposable
{
    /// <summary>The size of a MAC, in bytes.</summary>
    public const int MacSize = 12;

    private const int VectorSize = 12;
    private const int FixedSize = 4;

    private readonly AesGcm _cipher;
    private readonly byte[] _vector = new byte[VectorSize];
    private readonly ulong _limit;

    /// <summary>Makes a cipher that begins with the key's initial invocation field.</summary>
    /// <param name="key">The key.</param>
    /// <param name="subStream">The sub-stream.</param>
    /// <param name="limit">How many TLPs the key may protect.</param>
    public IdeCipher(IdeKey key, IdeSubStream subStream, ulong limit = ulong.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(key);
        _cipher = new AesGcm(key.Key, MacSize);
        _vector[0] = (byte)((byte)subStream << 4);
        key.Ifv.CopyTo(_vector.AsSpan(FixedSize));
        _limit = limit;
    }

    /// <summary>How many TLPs the key has protected.</summary>
    public ulong Invocations { get; private set; }

    /// <summary>Whether the key has protected as many TLPs as it may: the stream turns insecure unless its keys are refreshed before.</summary>
    public bool IsExhausted => Invocations >= _limit;

    /// <summary>Encrypts a TLP's data in place and computes its MAC.</summary>
    /// <param name="header">What is authenticated but not encrypted: the IDE prefix and the header.</param>
    /// <param name="data">The data; may be empty.</param>
    /// <param name="mac">The MAC, <see cref="MacSize"/> bytes.</param>
    /// <returns>False if the key is exhausted.</returns>
    public bool TrySeal(ReadOnlySpan<byte> header, Span<byte> data, Span<byte> mac)
    {
        if (IsExhausted)
        {
            return false;
        }

        _cipher.Encrypt(_vector, data, data, mac, header);
        Advance();
        return true;
    }

    /// <summary>Checks a TLP's MAC and decrypts its data in place.</summary>
    /// <param name="header">What is authenticated but not encrypted.</param>
    /// <param name="data">The data; zeroed if the result is false.</param>
    /// <param name="mac">The MAC.</param>
    /// <returns>False if the key is exhausted, or the TLP is not the next one of the other port.</returns>
    public bool TryOpen(ReadOnlySpan<byte> header, Span<byte> data, ReadOnlySpan<byte> mac)
    {
        if (IsExhausted || mac.Length != MacSize)
        {
            data.Clear();
            return false;
        }

        try
        {
            _cipher.Decrypt(_vector, data, mac, data, header);
        }
        catch (AuthenticationTagMismatchException)
        {
            data.Clear();
            return false;
        }

        Advance();
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _cipher.Dispose();

    private void Advance()
    {
        Invocations++;
        Span<byte> field = _vector.AsSpan(FixedSize);
        BinaryPrimitives.WriteUInt64BigEndian(field, BinaryPrimitives.ReadUInt64BigEndian(field) + 1);
    }
}
