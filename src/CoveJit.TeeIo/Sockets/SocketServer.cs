using System.Text;
using CoveJit.TeeIo.Doe;

namespace CoveJit.TeeIo.Sockets;

/// <summary>Serves a requester that speaks the socket protocol of DMTF's spdm-emu.</summary>
/// <param name="responder">The device's end of DOE.</param>
public sealed class SocketServer(DoeResponder responder)
{
    private static readonly byte[] Greeting = Encoding.ASCII.GetBytes("Server Hello!\0");

    /// <summary>Serves one connection until the requester leaves.</summary>
    /// <param name="stream">The connection.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>How the requester left.</returns>
    /// <exception cref="IOException">The connection ended, or the peer does not speak the protocol over DOE.</exception>
    public async ValueTask<SocketCommand> ServeAsync(Stream stream, CancellationToken cancellation = default)
    {
        while (true)
        {
            SocketFrame request = await SocketFrame.ReadAsync(stream, cancellation).ConfigureAwait(false);
            SocketFrame response = request.Command switch
            {
                SocketCommand.Normal => new SocketFrame(SocketCommand.Normal, responder.Respond(request.Payload) ?? []),
                SocketCommand.Test => new SocketFrame(SocketCommand.Test, Greeting),
                SocketCommand.Shutdown or SocketCommand.Continue => new SocketFrame(request.Command, []),
                _ => new SocketFrame(SocketCommand.Unknown, []),
            };
            await response.WriteAsync(stream, cancellation).ConfigureAwait(false);
            if (request.Command is SocketCommand.Shutdown or SocketCommand.Continue)
            {
                return request.Command;
            }
        }
    }
}
