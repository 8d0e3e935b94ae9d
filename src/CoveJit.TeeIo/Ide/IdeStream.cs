namespace CoveJit.TeeIo.Ide;

/// <summary>
/// One port's end of an IDE stream: protects what it transmits and checks what it receives, with the keys of the port's table that are in
/// use. Anything wrong makes the stream insecure for good and forgets its keys (PCIe, "IDE stream state machine"). Not thread-safe.
/// </summary>
public sealed class IdeStream : IDisposable
{
    private readonly IdeKeyTable _keys;
    private readonly ulong _limit;
    private readonly Dictionary<IdeKeyId, (IdeKey Key, IdeCipher Cipher)> _ciphers = [];

    /// <summary>Makes a stream's end.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="keys">The port's keys.</param>
    /// <param name="limit">How many TLPs a key may protect.</param>
    public IdeStream(byte streamId, IdeKeyTable keys, ulong limit = ulong.MaxValue)
    {
        StreamId = streamId;
        _keys = keys;
        _limit = limit;
    }

    /// <summary>The stream.</summary>
    public byte StreamId { get; }

    /// <summary>Whether something went wrong.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Whether every sub-stream has a key in use in both directions, of either key set: while keys are refreshed they differ.</summary>
    public bool IsSecure => !HasFailed && _keys.IsComplete(StreamId);

    /// <summary>Protects a TLP.</summary>
    /// <param name="subStream">The sub-stream that the TLP is of.</param>
    /// <param name="keySet">The key set.</param>
    /// <param name="header">What is authenticated but not encrypted.</param>
    /// <param name="data">The data, encrypted in place.</param>
    /// <param name="mac">The MAC, <see cref="IdeCipher.MacSize"/> bytes.</param>
    /// <returns>False if the stream is not secure.</returns>
    public bool TryTransmit(IdeSubStream subStream, byte keySet, ReadOnlySpan<byte> header, Span<byte> data, Span<byte> mac)
    {
        IdeCipher? cipher = CipherOf(new IdeKeyId(StreamId, keySet, IdeDirection.Transmit, subStream));
        return (cipher is not null && cipher.TrySeal(header, data, mac)) || Fail();
    }

    /// <summary>Checks a TLP.</summary>
    /// <param name="subStream">The sub-stream that the TLP is of.</param>
    /// <param name="keySet">The key set.</param>
    /// <param name="header">What is authenticated but not encrypted.</param>
    /// <param name="data">The data, decrypted in place; zeroed if the result is false.</param>
    /// <param name="mac">The MAC.</param>
    /// <returns>False if the TLP is not the next one that the other port protected.</returns>
    public bool TryReceive(IdeSubStream subStream, byte keySet, ReadOnlySpan<byte> header, Span<byte> data, ReadOnlySpan<byte> mac)
    {
        IdeCipher? cipher = CipherOf(new IdeKeyId(StreamId, keySet, IdeDirection.Receive, subStream));
        if (cipher is not null && cipher.TryOpen(header, data, mac))
        {
            return true;
        }

        data.Clear();
        return Fail();
    }

    /// <summary>Makes the stream insecure.</summary>
    /// <returns>False.</returns>
    public bool Fail()
    {
        HasFailed = true;
        Dispose();
        _keys.Clear(StreamId);
        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, IdeCipher cipher) in _ciphers.Values)
        {
            cipher.Dispose();
        }

        _ciphers.Clear();
    }

    // A key that was programmed anew begins its count anew.
    private IdeCipher? CipherOf(IdeKeyId id)
    {
        if (HasFailed || !_keys.TryGetEnabled(id, out IdeKey? key))
        {
            return null;
        }

        if (_ciphers.TryGetValue(id, out var entry))
        {
            if (entry.Key == key)
            {
                return entry.Cipher;
            }

            entry.Cipher.Dispose();
        }

        IdeCipher cipher = new(key, id.SubStream, _limit);
        _ciphers[id] = (key, cipher);
        return cipher;
    }
}
