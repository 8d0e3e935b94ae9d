namespace CoveJit.TeeIo.Spdm;

/// <summary>Sees requests and responses in plain text, in order: what a transcript for attestation, or a trace, is made from.</summary>
public interface IExchangeObserver
{
    /// <summary>A request was answered. A requester tells of answers other than ERROR, a responder of all of its answers.</summary>
    /// <param name="session">The session, or null if in the clear.</param>
    /// <param name="request">The request.</param>
    /// <param name="response">The response.</param>
    void OnExchange(uint? session, ReadOnlySpan<byte> request, ReadOnlySpan<byte> response);
}
