namespace CoveJit.TeeIo.Spdm.Requester;

/// <summary>A request and its response, as messages and as the bytes that transcripts take in.</summary>
/// <param name="Request">The request's bytes.</param>
/// <param name="Response">The response's bytes, without the transport's filling.</param>
/// <param name="Message">The response.</param>
internal readonly record struct SpdmExchange<T>(byte[] Request, byte[] Response, T Message)
    where T : SpdmMessage;
