using System.Diagnostics.CodeAnalysis;

namespace CoveJit.TeeIo.Ide;

/// <summary>The keys of a device with one port. A stream belongs to the session that programmed its first key.</summary>
/// <param name="keys">The port's keys.</param>
/// <param name="describe">QUERY_RESP of the port, with its IDE registers as they are now.</param>
/// <param name="ownPort">The port's index.</param>
public sealed class IdePortKeyStore(IdeKeyTable keys, Func<IdeKmQueryResponse> describe, byte ownPort = 0) : IIdeKeyStore
{
    private readonly Dictionary<byte, uint> _owners = [];

    /// <inheritdoc/>
    public bool TryQuery(byte portIndex, [NotNullWhen(true)] out IdeKmQueryResponse? description)
    {
        description = portIndex == ownPort ? describe() : null;
        return description is not null;
    }

    /// <inheritdoc/>
    public IdeKeyStatus Program(uint session, byte portIndex, IdeKeyId id, IdeKey key)
    {
        if (portIndex != ownPort)
        {
            return IdeKeyStatus.UnsupportedPortIndex;
        }

        if (_owners.TryGetValue(id.StreamId, out uint owner) && owner != session)
        {
            return IdeKeyStatus.UnspecifiedFailure;
        }

        if (!keys.TryProgram(id, key))
        {
            return IdeKeyStatus.UnspecifiedFailure;
        }

        _owners[id.StreamId] = session;
        return IdeKeyStatus.Success;
    }

    /// <inheritdoc/>
    public bool TryGo(uint session, byte portIndex, IdeKeyId id) => IsOwn(session, portIndex, id) && keys.TryGo(id);

    /// <inheritdoc/>
    public bool TryStop(uint session, byte portIndex, IdeKeyId id) => IsOwn(session, portIndex, id) && keys.TryStop(id);

    /// <inheritdoc/>
    public void OnSessionEnded(uint session)
    {
        foreach (byte stream in _owners.Where(o => o.Value == session).Select(static o => o.Key).ToArray())
        {
            keys.Clear(stream);
            _owners.Remove(stream);
        }
    }

    /// <summary>Whether a stream's keys are a session's.</summary>
    /// <param name="session">The session.</param>
    /// <param name="streamId">The stream.</param>
    public bool IsOwner(uint session, byte streamId) => _owners.TryGetValue(streamId, out uint owner) && owner == session;

    private bool IsOwn(uint session, byte portIndex, IdeKeyId id) => portIndex == ownPort && IsOwner(session, id.StreamId);
}
