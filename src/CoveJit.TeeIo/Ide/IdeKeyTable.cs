using System.Diagnostics.CodeAnalysis;

namespace CoveJit.TeeIo.Ide;

/// <summary>The keys of a port, device or root port. Not thread-safe.</summary>
public sealed class IdeKeyTable
{
    private readonly Dictionary<IdeKeyId, (IdeKey Key, bool Enabled)> _keys = [];
    private readonly Dictionary<IdeKeyId, byte> _newest = []; // by the key of set 0: the set that a sub-stream began to use last

    /// <summary>What has become of a key.</summary>
    /// <param name="id">Which.</param>
    public IdeKeyState StateOf(IdeKeyId id) =>
        !_keys.TryGetValue(id, out var slot) ? IdeKeyState.Cleared : slot.Enabled ? IdeKeyState.Enabled : IdeKeyState.Programmed;

    /// <summary>A key that is in use.</summary>
    /// <param name="id">Which.</param>
    /// <param name="key">The key.</param>
    public bool TryGetEnabled(IdeKeyId id, [NotNullWhen(true)] out IdeKey? key)
    {
        bool enabled = _keys.TryGetValue(id, out var slot) && slot.Enabled;
        key = enabled ? slot.Key : null;
        return enabled;
    }

    /// <summary>The key set whose key a sub-stream has begun to use last, of those in use: the one that a transmitter uses; null if none is.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="direction">The direction.</param>
    /// <param name="subStream">The sub-stream.</param>
    public byte? NewestEnabled(byte streamId, IdeDirection direction, IdeSubStream subStream)
    {
        IdeKeyId id = new(streamId, 0, direction, subStream);
        byte newest = _newest.GetValueOrDefault(id);
        return StateOf(id with { KeySet = newest }) == IdeKeyState.Enabled ? newest
            : StateOf(id with { KeySet = (byte)(newest ^ 1) }) == IdeKeyState.Enabled ? (byte)(newest ^ 1)
            : null;
    }

    /// <summary>Whether all of a stream's sub-streams have a key in use, in both directions.</summary>
    /// <param name="streamId">The stream.</param>
    public bool IsComplete(byte streamId)
    {
        for (IdeSubStream subStream = IdeSubStream.Posted; subStream <= IdeSubStream.Completion; subStream++)
        {
            if (NewestEnabled(streamId, IdeDirection.Receive, subStream) is null || NewestEnabled(streamId, IdeDirection.Transmit, subStream) is null)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Programs a key.</summary>
    /// <param name="id">Which.</param>
    /// <param name="key">The key.</param>
    /// <returns>False if the key is in use.</returns>
    public bool TryProgram(IdeKeyId id, IdeKey key)
    {
        if (StateOf(id) == IdeKeyState.Enabled)
        {
            return false;
        }

        Clear(id);
        _keys[id] = (key, false);
        return true;
    }

    /// <summary>Begins to use a key.</summary>
    /// <param name="id">Which.</param>
    /// <returns>False unless it is programmed and not in use.</returns>
    public bool TryGo(IdeKeyId id) => TrySwitch(id, enable: true);

    /// <summary>Ceases to use a key.</summary>
    /// <param name="id">Which.</param>
    /// <returns>False unless it is in use.</returns>
    public bool TryStop(IdeKeyId id) => TrySwitch(id, enable: false);

    /// <summary>Forgets all keys of a stream, in use or not: what becomes of them when it turns insecure.</summary>
    /// <param name="streamId">The stream.</param>
    public void Clear(byte streamId)
    {
        foreach (IdeKeyId id in _keys.Keys.Where(k => k.StreamId == streamId).ToArray())
        {
            Clear(id);
        }
    }

    /// <summary>Whether any key of a stream is in use.</summary>
    /// <param name="streamId">The stream.</param>
    public bool HasEnabled(byte streamId) => _keys.Any(k => k.Key.StreamId == streamId && k.Value.Enabled);

    private void Clear(IdeKeyId id)
    {
        if (_keys.Remove(id, out var slot))
        {
            slot.Key.Wipe();
        }
    }

    private bool TrySwitch(IdeKeyId id, bool enable)
    {
        if (!_keys.TryGetValue(id, out var slot) || slot.Enabled == enable)
        {
            return false;
        }

        _keys[id] = slot with { Enabled = enable };
        if (enable)
        {
            _newest[id with { KeySet = 0 }] = id.KeySet;
        }

        return true;
    }
}
