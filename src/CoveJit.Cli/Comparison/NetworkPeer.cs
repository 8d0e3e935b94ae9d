using System.Net;
using System.Net.Sockets;

namespace CoveJit.Cli.Comparison;

/// <summary>Whom the guest of <see cref="GuestWorkload.Net"/> talks to: two ports of the host's loopback, one that sends and one that receives.</summary>
internal sealed class NetworkPeer : IDisposable
{
    private readonly TcpListener _source = new(IPAddress.Loopback, 0);
    private readonly TcpListener _sink = new(IPAddress.Loopback, 0);
    private readonly MemoryStream _received = new();
    private readonly Task[] _served;

    /// <summary>Starts to listen.</summary>
    /// <param name="content">What each connection to <see cref="SourcePort"/> is sent.</param>
    public NetworkPeer(byte[] content)
    {
        _source.Start();
        _sink.Start();
        _served =
        [
            Task.Run(() => ServeAsync(_source, stream => stream.WriteAsync(content).AsTask())),
            Task.Run(() => ServeAsync(_sink, stream => stream.CopyToAsync(_received))),
        ];
    }

    /// <summary>The port that sends the content and closes.</summary>
    public int SourcePort => ((IPEndPoint)_source.LocalEndpoint).Port;

    /// <summary>The port that receives until the guest has sent everything, and closes.</summary>
    public int SinkPort => ((IPEndPoint)_sink.LocalEndpoint).Port;

    /// <summary>Ends listening, and waits for what is under way.</summary>
    /// <returns>All that was received.</returns>
    public byte[] Finish()
    {
        _source.Stop();
        _sink.Stop();
        Task.WaitAll(_served);
        return _received.ToArray();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Finish();
        _source.Dispose();
        _sink.Dispose();
        _received.Dispose();
    }

    // A guest may break off; what is missing then is found when data are compared.
    private static async Task ServeAsync(TcpListener listener, Func<NetworkStream, Task> serve)
    {
        try
        {
            while (true)
            {
                using TcpClient client = await listener.AcceptTcpClientAsync().ConfigureAwait(false);
                await serve(client.GetStream()).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
        {
        }
    }
}
