using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CoveJit.EndToEnd.Tests;

/// <summary>An HTTP server on the host's loopback, which guests reach at 10.0.2.2: files by path, a connection for each request.</summary>
internal sealed class LoopbackServer : IDisposable
{
    /// <summary>What user-mode networking needs, for <see cref="FileFactAttribute"/>.</summary>
    public const string LibSlirp = "/usr/lib/x86_64-linux-gnu/libslirp.so.0|/usr/lib/aarch64-linux-gnu/libslirp.so.0|/usr/lib/libslirp.so.0";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Dictionary<string, byte[]> _files;

    public LoopbackServer(Dictionary<string, byte[]> files)
    {
        _files = files;
        _listener.Start();
        new Thread(Run) { IsBackground = true }.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>A port of the loopback that nobody listened on a moment ago.</summary>
    public static int FreePort()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    public void Dispose() => _listener.Dispose();

    private void Run()
    {
        while (true)
        {
            try
            {
                using TcpClient connection = _listener.AcceptTcpClient();
                using NetworkStream stream = connection.GetStream();
                Answer(stream);
            }
            catch (IOException)
            {
                // The guest went away; the next connection may fare better.
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }

    private void Answer(NetworkStream stream)
    {
        using StreamReader reader = new(stream, Encoding.ASCII, leaveOpen: true);
        string[] request = (reader.ReadLine() ?? string.Empty).Split(' ');
        while (reader.ReadLine() is { Length: > 0 })
        {
        }

        byte[]? content = request.Length > 1 ? _files.GetValueOrDefault(request[1]) : null;
        string head = string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 {(content is null ? "404 Not Found" : "200 OK")}\r\nContent-Length: {content?.Length ?? 0}\r\nConnection: close\r\n\r\n");
        stream.Write(Encoding.ASCII.GetBytes(head));
        stream.Write(content ?? []);
    }
}
