namespace CoveJit.TeeIo.Tdisp;

/// <summary>A device answered TDISP_ERROR.</summary>
public sealed class TdispException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="error">The device's error code.</param>
    public TdispException(TdispCode request, TdispErrorCode error)
        : base($"{request} was answered with {error}") => Error = error;

    /// <summary>The device's error code.</summary>
    public TdispErrorCode Error { get; }
}
