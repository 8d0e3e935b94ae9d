using System.Diagnostics.CodeAnalysis;

namespace CoveJit.TeeIo.Ide;

/// <summary>Where a device keeps its IDE keys: what IDE_KM's responder asks of the device.</summary>
public interface IIdeKeyStore
{
    /// <summary>Describes a port.</summary>
    /// <param name="portIndex">The port.</param>
    /// <param name="description">QUERY_RESP.</param>
    /// <returns>False if there is no such port.</returns>
    bool TryQuery(byte portIndex, [NotNullWhen(true)] out IdeKmQueryResponse? description);

    /// <summary>Programs a key.</summary>
    /// <param name="session">The session that the key comes in.</param>
    /// <param name="portIndex">The port.</param>
    /// <param name="id">Which key.</param>
    /// <param name="key">The key.</param>
    IdeKeyStatus Program(uint session, byte portIndex, IdeKeyId id, IdeKey key);

    /// <summary>Begins to use a key.</summary>
    /// <param name="session">The session that asks.</param>
    /// <param name="portIndex">The port.</param>
    /// <param name="id">Which key.</param>
    /// <returns>False if it is not programmed, or by another session.</returns>
    bool TryGo(uint session, byte portIndex, IdeKeyId id);

    /// <summary>Ceases to use a key.</summary>
    /// <param name="session">The session that asks.</param>
    /// <param name="portIndex">The port.</param>
    /// <param name="id">Which key.</param>
    /// <returns>False if it is not in use, or another session's.</returns>
    bool TryStop(uint session, byte portIndex, IdeKeyId id);

    /// <summary>A session is over: its keys must not be used any more.</summary>
    /// <param name="session">The session.</param>
    void OnSessionEnded(uint session);
}
