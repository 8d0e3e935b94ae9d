using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace CoveJit.Guests;

/// <summary>Runs the host's programs. A missing one is reported with the Debian package that holds it.</summary>
internal static class ExternalTool
{
    private static readonly Dictionary<string, string> Packages = new(StringComparer.Ordinal)
    {
        ["apt-get"] = "apt",
        ["apt-config"] = "apt",
        ["apt-cache"] = "apt",
        ["dpkg-deb"] = "dpkg",
        ["xz"] = "xz-utils",
        ["mke2fs"] = "e2fsprogs",
        ["fakeroot"] = "fakeroot",
        ["tar"] = "tar",
        ["sh"] = "dash",
        ["riscv64-linux-gnu-gcc"] = "gcc-riscv64-linux-gnu",
    };

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">Name of the program, looked up in PATH and the usual sbin directories.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="cancellation">Kills the program and its children.</param>
    /// <param name="environment">Variables to set; a null value removes one.</param>
    /// <param name="workingDirectory">Directory to run in, or null for the current one.</param>
    /// <param name="onOutput">Receives each line of standard output as it comes.</param>
    /// <exception cref="GuestBuildException">There is no such program.</exception>
    public static async Task<ToolResult> RunAsync(
        string program,
        IReadOnlyList<string> arguments,
        CancellationToken cancellation,
        IReadOnlyDictionary<string, string?>? environment = null,
        string? workingDirectory = null,
        Action<string>? onOutput = null)
    {
        ProcessStartInfo start = new(Find(program))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = workingDirectory ?? string.Empty,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // What is parsed below are apt's and dpkg's untranslated messages.
        start.Environment["LC_ALL"] = "C.UTF-8";
        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        cancellation.ThrowIfCancellationRequested();
        using Process process = new() { StartInfo = start };
        StringBuilder output = new();
        StringBuilder error = new();
        process.OutputDataReceived += (_, e) =>
        {
            if (e.Data is not null)
            {
                output.Append(e.Data).Append('\n');
                onOutput?.Invoke(e.Data);
            }
        };
        process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is not null)
            {
                error.Append(e.Data).Append('\n');
            }
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            throw Missing(program, e);
        }

        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return new ToolResult(process.ExitCode, output.ToString(), error.ToString());
    }

    /// <summary>Runs a program that has to succeed.</summary>
    /// <exception cref="GuestBuildException">It is missing or ended with another status than 0.</exception>
    public static async Task<string> RunCheckedAsync(
        string program,
        IReadOnlyList<string> arguments,
        CancellationToken cancellation,
        string? workingDirectory = null)
    {
        ToolResult result = await RunAsync(program, arguments, cancellation, workingDirectory: workingDirectory).ConfigureAwait(false);
        return result.Status == 0
            ? result.Output
            : throw new GuestBuildException(
                $"{program} ended with status {result.Status}: {result.FirstError}",
                "read its message, and check the free space of the cache and output directories");
    }

    /// <summary>Fails at once when a program is missing, so that a long build does not end with that.</summary>
    public static void Require(params ReadOnlySpan<string> programs)
    {
        foreach (string program in programs)
        {
            string path = Find(program);
            if (!Path.IsPathRooted(path))
            {
                throw Missing(program, null);
            }
        }
    }

    /// <summary>The Debian packages that hold those of the programs that are not installed.</summary>
    public static List<string> PackagesOfMissing(IEnumerable<string> programs) =>
        [.. programs.Where(program => !Path.IsPathRooted(Find(program))).Select(program => Packages.GetValueOrDefault(program, program)).Distinct()];

    /// <summary>What to do about a missing program.</summary>
    public static string MendFor(string program) =>
        Packages.TryGetValue(program, out string? package) ? $"install the Debian package {package}" : $"install the program {program}";

    private static string Find(string program)
    {
        if (program.Contains('/'))
        {
            return program;
        }

        // mke2fs and its like sit in sbin, which an ordinary user's PATH does not name.
        string path = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty) + ":/usr/sbin:/sbin";
        foreach (string directory in path.Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            string candidate = Path.Combine(directory, program);
            if (File.Exists(candidate))
            {
                return candidate;
            }
        }

        return program;
    }

    private static GuestBuildException Missing(string program, Exception? inner) =>
        new($"{program} is not installed", MendFor(program), inner);
}
