using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace CoveJit.EndToEnd.Tests;

/// <summary>A running <c>covejit</c> command: its console can be typed at and waited for.</summary>
internal sealed class CoveJitProcess : IDisposable
{
    private readonly Process _process;
    private readonly object _lock = new();
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private readonly Thread[] _readers;
    private int _read;

    private CoveJitProcess(ProcessStartInfo start)
    {
        _process = Process.Start(start)!;
        _readers = [Reader(_process.StandardOutput, _output), Reader(_process.StandardError, _error)];
    }

    /// <summary>The program under test.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "covejit");

    /// <summary>Where processes keep translations, for as long as the tests run.</summary>
    private static string CacheHome { get; } = MakeCacheHome();

    public int Id => _process.Id;

    /// <summary>All console output so far.</summary>
    public string Output
    {
        get
        {
            lock (_lock)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>All of standard error so far.</summary>
    public string Error
    {
        get
        {
            lock (_lock)
            {
                return _error.ToString();
            }
        }
    }

    public static CoveJitProcess Start(params string[] arguments) => Start(Program, arguments, []);

    public static CoveJitProcess Start(string program, string[] arguments, Dictionary<string, string> environment)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.Latin1,
        };
        start.Environment["XDG_CACHE_HOME"] = CacheHome; // what the user has there is not a test's business
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return new CoveJitProcess(start);
    }

    /// <summary>Runs a command without input to its end.</summary>
    public static (int Code, string Output, string Error) Run(int seconds, params string[] arguments)
    {
        using CoveJitProcess process = Start(arguments);
        process.CloseInput();
        int code = process.WaitForExit(seconds);
        return (code, process.Output, process.Error);
    }

    public void Type(string text)
    {
        _process.StandardInput.Write(text);
        _process.StandardInput.Flush();
    }

    public void CloseInput() => _process.StandardInput.Close();

    public void Signal(string name)
    {
        using Process kill = Process.Start("kill", ["-s", name, Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Waits until the console shows a text after what was waited for before; returns the output in between.</summary>
    public string WaitFor(string text, int seconds)
    {
        Stopwatch watch = Stopwatch.StartNew();
        lock (_lock)
        {
            while (true)
            {
                string all = _output.ToString();
                int at = all.IndexOf(text, _read, StringComparison.Ordinal);
                if (at >= 0)
                {
                    string between = all[_read..at];
                    _read = at + text.Length;
                    return between;
                }

                TimeSpan left = TimeSpan.FromSeconds(seconds) - watch.Elapsed;
                Assert.True(left > TimeSpan.Zero && !_process.HasExited, $"'{text}' did not appear within {watch.Elapsed.TotalSeconds:F0} s:\n{all}\n{_error}");
                System.Threading.Monitor.Wait(_lock, TimeSpan.FromMilliseconds(Math.Min(left.TotalMilliseconds, 200)));
            }
        }
    }

    /// <summary>Waits for the end of the process; returns its exit code.</summary>
    public int WaitForExit(int seconds)
    {
        Assert.True(_process.WaitForExit(TimeSpan.FromSeconds(seconds)), $"covejit did not end within {seconds} s:\n{Output}\n{Error}");
        foreach (Thread reader in _readers)
        {
            reader.Join();
        }

        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.WaitForExit();
        _process.Dispose();
    }

    private Thread Reader(StreamReader stream, StringBuilder text)
    {
        Thread thread = new(() =>
        {
            char[] buffer = new char[4096];
            int count;
            while ((count = stream.Read(buffer, 0, buffer.Length)) > 0)
            {
                lock (_lock)
                {
                    text.Append(buffer, 0, count);
                    System.Threading.Monitor.PulseAll(_lock);
                }
            }
        })
        { IsBackground = true };
        thread.Start();
        return thread;
    }

    private static string MakeCacheHome()
    {
        string path = Directory.CreateTempSubdirectory("covejit-cache-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(path, recursive: true);
        return path;
    }
}
