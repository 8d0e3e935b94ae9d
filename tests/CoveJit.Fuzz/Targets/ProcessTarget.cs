using System.Diagnostics;
using CoveJit.Fuzz.Generation;

namespace CoveJit.Fuzz.Targets;

/// <summary>A target that is a child process given an ELF file.</summary>
public abstract class ProcessTarget : ITarget
{
    public abstract string Name { get; }

    public byte[] Run(byte[] image, MachineProfile profile, TimeSpan timeout)
    {
        string directory = Directory.CreateTempSubdirectory("covejit-fuzz-").FullName;
        try
        {
            string elf = Path.Combine(directory, "program.elf");
            string serial = Path.Combine(directory, "serial");
            File.WriteAllBytes(elf, image);
            ProcessStartInfo start = Command(elf, serial, profile);
            start.RedirectStandardInput = true;
            start.RedirectStandardOutput = true;
            start.RedirectStandardError = true;
            using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{Name} did not start.");
            process.StandardInput.Close();
            using MemoryStream output = new();
            Task copy = process.StandardOutput.BaseStream.CopyToAsync(output);
            Task<string> errors = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(timeout))
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit();
            }

            copy.Wait();
            byte[] text = File.Exists(serial) ? File.ReadAllBytes(serial) : output.ToArray();
            if (text.Length == 0 && errors.Result.Length > 0)
            {
                throw new InvalidOperationException($"{Name} printed nothing on its UART; its error output: {errors.Result.Trim()}");
            }

            return text;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    protected abstract ProcessStartInfo Command(string elf, string serial, MachineProfile profile);
}
