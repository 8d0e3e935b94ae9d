using System.Net;
using System.Net.Sockets;
using CoveJit.TeeIo.Doe;
using CoveJit.TeeIo.Sockets;
using CoveJit.TeeIo.Spdm;
using CoveJit.TeeIo.Spdm.Requester;
using CoveJit.TeeIo.Tests.Support;

namespace CoveJit.TeeIo.Tests.Sockets;

public sealed class SocketTests
{
    [Fact]
    public async Task A_session_runs_over_a_socket()
    {
        using TestDevice device = new();
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        Task<SocketCommand> server = ServeAsync();
        using TcpClient client = new();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        SocketTransport transport = new(client.GetStream());
        using SpdmRequester requester = device.CreateRequester(transport: transport);

        await requester.ConnectAsync();
        await requester.GetCertificateAsync();
        await (await requester.StartSessionAsync()).EndAsync();
        await transport.LeaveAsync(SocketCommand.Shutdown);

        Assert.Equal(SocketCommand.Shutdown, await server);

        async Task<SocketCommand> ServeAsync()
        {
            using TcpClient accepted = await listener.AcceptTcpClientAsync();
            return await new SocketServer(new DoeResponder(device.Responder)).ServeAsync(accepted.GetStream());
        }
    }

    [Theory]
    [InlineData("0000000100000001000000000")] // MCTP rather than DOE.
    [InlineData("000000010000000200100000")] // A megabyte.
    [InlineData("0000")]
    public async Task A_peer_that_speaks_something_else_is_refused(string hex)
    {
        using MemoryStream stream = new(Convert.FromHexString(hex.Length % 2 == 0 ? hex : hex[..^1]));

        await Assert.ThrowsAnyAsync<IOException>(async () => await SocketFrame.ReadAsync(stream, default));
    }

    [Fact]
    public async Task A_lost_connection_is_a_failure_of_the_transport()
    {
        using MemoryStream nothing = new();
        SocketTransport transport = new(nothing);

        SpdmException failure = await Assert.ThrowsAsync<SpdmException>(async () => await transport.ExchangeAsync(new SpdmPacket(false, new byte[4]), default));
        Assert.Equal(SpdmFailure.Transport, failure.Failure);
    }
}
