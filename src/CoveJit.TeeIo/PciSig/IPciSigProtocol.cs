using System.Diagnostics.CodeAnalysis;

namespace CoveJit.TeeIo.PciSig;

/// <summary>The responder of a PCI-SIG protocol.</summary>
public interface IPciSigProtocol
{
    /// <summary>Its Protocol ID.</summary>
    byte ProtocolId { get; }

    /// <summary>Answers a message.</summary>
    /// <param name="session">The session that it came in.</param>
    /// <param name="request">The message, without the Protocol ID.</param>
    /// <param name="response">The answer.</param>
    /// <returns>False to answer with SPDM's ERROR, InvalidRequest.</returns>
    bool TryHandle(uint session, ReadOnlyMemory<byte> request, [NotNullWhen(true)] out byte[]? response);

    /// <summary>A session is over, however it ended.</summary>
    /// <param name="session">The session.</param>
    void OnSessionEnded(uint session);
}
