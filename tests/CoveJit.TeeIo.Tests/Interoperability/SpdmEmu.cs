using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CoveJit.TeeIo.Tests.Interoperability;

/// <summary>DMTF's spdm-emu, another implementation of both sides. COVEJIT_SPDM_EMU names the directory with its programs and sample keys.</summary>
internal sealed class SpdmEmu : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private SpdmEmu(string program, string directory, IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(Path.Combine(Directory!, program), arguments)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += Collect;
        _process.ErrorDataReceived += Collect;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The directory, or null if there is none.</summary>
    public static string? Directory { get; } =
        Environment.GetEnvironmentVariable("COVEJIT_SPDM_EMU") is { } directory && File.Exists(Path.Combine(directory, "spdm_responder_emu")) ? directory : null;

    /// <summary>What it wrote so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public static SpdmEmu StartResponder(int port, params string[] arguments) =>
        new("spdm_responder_emu", Directory!, ["--trans", "PCI_DOE", "--ip", "127.0.0.1", "--port", Text(port), "--ver", "1.2", .. arguments]);

    public static SpdmEmu StartRequester(int port, string directory, params string[] arguments) =>
        new("spdm_requester_emu", directory, ["--trans", "PCI_DOE", "--ip", "127.0.0.1", "--port", Text(port), "--ver", "1.2", .. arguments]);

    public static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Waits until it has ended.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> WaitAsync()
    {
        using CancellationTokenSource timeout = new(TimeSpan.FromMinutes(1));
        await _process.WaitForExitAsync(timeout.Token);
        return _process.ExitCode;
    }

    /// <summary>Connects, as soon as it listens.</summary>
    public async Task<TcpClient> ConnectAsync(int port)
    {
        for (int attempt = 0; ; attempt++)
        {
            TcpClient client = new() { NoDelay = true };
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, port);
                return client;
            }
            catch (SocketException) when (attempt < 100 && !_process.HasExited)
            {
                client.Dispose();
                await Task.Delay(100);
            }
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);

    private void Collect(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
        {
            _output.AppendLine(line.Data);
        }
    }
}
