using CoveJit.TeeIo.Spdm.Messages;
using CoveJit.TeeIo.Wire;

namespace CoveJit.TeeIo.Spdm.Requester;

/// <summary>Sends requests and receives responses: repeats what the responder was too busy for, and turns ERROR into exceptions.</summary>
internal sealed class RequestSender(ISpdmTransport transport, SpdmRequesterOptions options)
{
    // 2 to the power of this is half a minute in microseconds: nobody waits longer.
    private const int MaxDelayExponent = 25;

    private static readonly TimeSpan BusyDelay = TimeSpan.FromMilliseconds(10);

    /// <summary>The largest message that the responder takes, in bytes.</summary>
    public int PeerLimit { get; set; } = CapabilitiesMessage.MinDataTransferSize;

    /// <summary>Records that a session's keys may protect.</summary>
    public ulong MaxRecords => options.MaxRecords;

    /// <summary>Sends a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="context">What request and response depend on.</param>
    /// <param name="session">The session, or null for in the clear.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<SpdmExchange<T>> SendAsync<T>(
        SpdmMessage request, MessageContext context, SpdmSession? session, CancellationToken cancellation)
        where T : SpdmMessage
    {
        byte[] bytes = request.Encode(context);
        if (bytes.Length > PeerLimit)
        {
            throw new SpdmException(SpdmFailure.Unsupported, $"the request has {bytes.Length} bytes, the responder takes {PeerLimit}");
        }

        SpdmMessage asking = request;
        for (int retry = 0; ; retry++)
        {
            byte[] sent = asking == request ? bytes : asking.Encode();
            (SpdmMessage message, byte[] response) = await SendOnceAsync(asking, sent, context, session, cancellation).ConfigureAwait(false);
            if (message is ErrorResponse { ErrorCode: SpdmErrorCode.Busy or SpdmErrorCode.ResponseNotReady } later && retry < options.MaxRetries)
            {
                asking = await WaitAsync(request, later, cancellation).ConfigureAwait(false);
                continue;
            }

            if (message is ErrorResponse error)
            {
                session?.OnError(error.ErrorCode);
                throw new SpdmException(SpdmFailure.PeerError, $"{request.Code} was answered with {error.ErrorCode} (0x{error.ErrorData:X2})", error.ErrorCode);
            }

            if (message is not T wanted || message.Version != request.Version)
            {
                throw new SpdmException(SpdmFailure.Unexpected, $"{request.Code} was answered with {message.Code} of version 0x{message.Version:X2}");
            }

            options.Observer?.OnExchange(session?.Id, bytes, response);
            return new SpdmExchange<T>(bytes, response, wanted);
        }
    }

    private async ValueTask<(SpdmMessage Message, byte[] Bytes)> SendOnceAsync(
        SpdmMessage request, byte[] bytes, MessageContext context, SpdmSession? session, CancellationToken cancellation)
    {
        SpdmPacket sent = session is null ? new SpdmPacket(false, bytes) : new SpdmPacket(true, session.Seal(request, bytes));
        SpdmPacket received = await transport.ExchangeAsync(sent, cancellation).ConfigureAwait(false);
        ReadOnlyMemory<byte> response = received.Bytes;
        int padding = SpdmPacket.MaxPadding;
        if (session is not null)
        {
            response = session.Open(received);
            padding = 0;
        }
        else if (received.Secured)
        {
            throw new SpdmException(SpdmFailure.Unexpected, "a request in the clear was answered with a record");
        }

        if (!SpdmMessage.TryDecode(response, context, out SpdmMessage? message, out int size, out MessageFault? fault, padding))
        {
            throw new SpdmException(SpdmFailure.Malformed, $"the response to {request.Code} is no SPDM message: {fault}");
        }

        return (message, response[..size].ToArray());
    }

    private async ValueTask<SpdmMessage> WaitAsync(SpdmMessage request, ErrorResponse error, CancellationToken cancellation)
    {
        if (error.ErrorCode == SpdmErrorCode.Busy)
        {
            await transport.WaitAsync(BusyDelay, cancellation).ConfigureAwait(false);
            return request;
        }

        ResponseNotReady notReady = error.NotReady;
        if (notReady.RequestCode != request.Code)
        {
            throw new SpdmException(SpdmFailure.Unexpected, "ResponseNotReady is about another request");
        }

        await transport.WaitAsync(TimeSpan.FromMicroseconds(1L << Math.Min((int)notReady.DelayExponent, MaxDelayExponent)), cancellation).ConfigureAwait(false);
        return new RespondIfReady { RequestCode = notReady.RequestCode, Token = notReady.Token };
    }
}
