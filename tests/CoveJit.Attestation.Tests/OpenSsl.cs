using System.Diagnostics;
using System.Security.Cryptography;

namespace CoveJit.Attestation.Tests;

/// <summary>The openssl command, in a directory of its own.</summary>
internal sealed class OpenSsl : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("covejit-openssl-");

    public static bool IsInstalled =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':').Any(directory => File.Exists(Path.Combine(directory, "openssl")));

    public void WritePem(string name, params ReadOnlySpan<ReadOnlyMemory<byte>> certificates)
    {
        string text = string.Empty;
        foreach (ReadOnlyMemory<byte> certificate in certificates)
        {
            text += PemEncoding.WriteString("CERTIFICATE", certificate.Span) + "\n";
        }

        File.WriteAllText(Path.Combine(_directory.FullName, name), text);
    }

    public (int ExitCode, string Output) Run(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("openssl", arguments)
        {
            WorkingDirectory = _directory.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, process.ExitCode == 0 ? output.Trim() : output + errors.Result);
    }

    public void Dispose() => _directory.Delete(recursive: true);
}

/// <summary>A test that needs the openssl command, and is skipped without it.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OpenSslFactAttribute : FactAttribute
{
    public OpenSslFactAttribute() => Skip = OpenSsl.IsInstalled ? null : "openssl is not on the PATH (Debian package openssl)";
}
