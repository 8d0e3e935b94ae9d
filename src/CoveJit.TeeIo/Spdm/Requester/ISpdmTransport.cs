namespace CoveJit.TeeIo.Spdm.Requester;

/// <summary>Takes a requester's packets to a responder.</summary>
public interface ISpdmTransport
{
    /// <summary>Sends a request and waits for its response.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SpdmException">The transport failed.</exception>
    ValueTask<SpdmPacket> ExchangeAsync(SpdmPacket request, CancellationToken cancellation);

    /// <summary>Lets the responder work on a request that it could not answer yet.</summary>
    /// <param name="delay">How long the responder asked for.</param>
    /// <param name="cancellation">Gives up.</param>
    ValueTask WaitAsync(TimeSpan delay, CancellationToken cancellation);
}
