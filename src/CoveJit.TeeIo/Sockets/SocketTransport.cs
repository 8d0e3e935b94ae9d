using CoveJit.TeeIo.Doe;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Requester;

namespace CoveJit.TeeIo.Sockets;

/// <summary>Takes a requester's packets to a responder that speaks the socket protocol of DMTF's spdm-emu.</summary>
/// <param name="stream">The connection.</param>
public sealed class SocketTransport(Stream stream) : ISpdmTransport
{
    /// <inheritdoc/>
    public async ValueTask<SpdmPacket> ExchangeAsync(SpdmPacket request, CancellationToken cancellation)
    {
        byte[] response = await ExchangeAsync(DataObject.From(request).Encode(), cancellation).ConfigureAwait(false);
        return DataObject.TryDecode(response, out DataObject? dataObject, out _) && dataObject.TryGetPacket(out SpdmPacket packet)
            ? packet
            : throw new SpdmException(SpdmFailure.Transport, "the answer is no data object of SPDM");
    }

    /// <inheritdoc/>
    public async ValueTask WaitAsync(TimeSpan delay, CancellationToken cancellation) => await Task.Delay(delay, cancellation).ConfigureAwait(false);

    /// <summary>Sends any data object.</summary>
    /// <param name="dataObject">Its bytes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The answer's bytes.</returns>
    public async ValueTask<byte[]> ExchangeAsync(byte[] dataObject, CancellationToken cancellation) =>
        (await ExchangeAsync(new SocketFrame(SocketCommand.Normal, dataObject), cancellation).ConfigureAwait(false)).Payload;

    /// <summary>Tells the responder that the requester is done.</summary>
    /// <param name="command">Shutdown or Continue.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask LeaveAsync(SocketCommand command, CancellationToken cancellation = default) =>
        await ExchangeAsync(new SocketFrame(command, []), cancellation).ConfigureAwait(false);

    private async ValueTask<SocketFrame> ExchangeAsync(SocketFrame request, CancellationToken cancellation)
    {
        try
        {
            await request.WriteAsync(stream, cancellation).ConfigureAwait(false);
            SocketFrame response = await SocketFrame.ReadAsync(stream, cancellation).ConfigureAwait(false);
            return response.Command == request.Command
                ? response
                : throw new SpdmException(SpdmFailure.Transport, $"{request.Command} was answered with {response.Command}");
        }
        catch (IOException e)
        {
            throw new SpdmException(SpdmFailure.Transport, e.Message);
        }
    }
}
