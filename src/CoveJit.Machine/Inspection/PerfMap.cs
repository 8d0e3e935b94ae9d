using System.Diagnostics;
using System.Globalization;
using CoveJit.Machines.Loading;

namespace CoveJit.Machines.Inspection;

/// <summary>The file by which Linux perf names code that was made at run time: a line for each piece, with start, length and name.</summary>
internal sealed class PerfMap : IDisposable
{
    // The runtime's own map has the same name.
    private static readonly string[] RuntimeSwitches = ["DOTNET_PerfMapEnabled", "COMPlus_PerfMapEnabled"];

    private readonly StreamWriter _writer;

    /// <summary>Opens a file and goes on at its end.</summary>
    public PerfMap(string path) => _writer = new StreamWriter(path, append: true) { AutoFlush = true, NewLine = "\n" };

    /// <summary>The map of this process, where perf looks for it; that of an earlier process with the same number is discarded.</summary>
    /// <exception cref="LoadException">It cannot be written.</exception>
    public static PerfMap ForThisProcess()
    {
        if (Array.Find(RuntimeSwitches, name => Environment.GetEnvironmentVariable(name) is not (null or "" or "0")) is { } name)
        {
            throw new LoadException($"--perf-map and {name} would write to the same file", $"leave one of them out: unset {name}");
        }

        string path = string.Create(CultureInfo.InvariantCulture, $"/tmp/perf-{Environment.ProcessId}.map");
        try
        {
            using Process self = Process.GetCurrentProcess();
            if (File.GetLastWriteTimeUtc(path) < self.StartTime.ToUniversalTime())
            {
                File.Delete(path);
            }

            return new PerfMap(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LoadException.FromOneLine("--perf-map", e, $"remove {path}");
        }
    }

    /// <summary>Adds a piece of code.</summary>
    public void Add(ulong start, int length, string name) => _writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{start:x} {length:x} {name}"));

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();
}
