namespace CoveJit.TeeIo.Spdm.Requester;

/// <summary>Sees every request and response in plain text, in order: what a transcript for attestation is made from.</summary>
public interface IExchangeObserver
{
    /// <summary>A request was answered, not with ERROR.</summary>
    /// <param name="session">The session, or null if in the clear.</param>
    /// <param name="request">The request.</param>
    /// <param name="response">The response.</param>
    void OnExchange(uint? session, ReadOnlySpan<byte> request, ReadOnlySpan<byte> response);
}
