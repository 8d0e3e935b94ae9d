namespace CoveJit.TeeIo.Spdm;

/// <summary>A requester cannot go on: the peer, or whoever is in between, did not do what SPDM says.</summary>
public sealed class SpdmException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="failure">What kind of failure.</param>
    /// <param name="message">What happened.</param>
    /// <param name="error">The peer's error code, if it sent ERROR.</param>
    public SpdmException(SpdmFailure failure, string message, SpdmErrorCode? error = null)
        : base(message)
    {
        Failure = failure;
        Error = error;
    }

    /// <summary>What kind of failure.</summary>
    public SpdmFailure Failure { get; }

    /// <summary>The peer's error code, if it sent ERROR.</summary>
    public SpdmErrorCode? Error { get; }
}
