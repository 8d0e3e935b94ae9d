using System.Diagnostics.CodeAnalysis;

namespace CoveJit.TeeIo.Ide;

/// <summary>The keys of a port, device or root port. Not thread-safe.</summary>
public sealed class IdeKeyTable
{
    private readonly Dictionary<IdeKeyId, (IdeKey Key, bool Enabled)> _keys = [];

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
        return true;
    }
}
