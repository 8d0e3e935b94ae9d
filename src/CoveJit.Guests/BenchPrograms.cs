using System.Text;
using CoveJit.Guests.Cpio;

namespace CoveJit.Guests;

/// <summary>Compiles the sources of <c>guest/bench</c> and <c>guest/io</c> and puts the programs under <c>/bench</c>. <c>/bench/run</c> knows of the former only.</summary>
internal static class BenchPrograms
{
    /// <summary>Debian's cross compiler.</summary>
    public const string Compiler = "riscv64-linux-gnu-gcc";

    private const string Prefix = "bench/";
    private const string ToolPrefix = "io/";

    /// <summary>Compiles the programs and adds them to an archive.</summary>
    /// <param name="archive">Archive to add to.</param>
    /// <param name="work">Directory to compile in.</param>
    /// <param name="extras">Static riscv64 executables of the user's, added under their file names and run without arguments.</param>
    /// <param name="progress">Receives what is being done.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="GuestBuildException">The compiler is missing or rejects a source.</exception>
    public static async Task AddToAsync(CpioArchive archive, string work, IReadOnlyList<string> extras, IProgress<GuestBuildProgress>? progress, CancellationToken cancellation)
    {
        string[] programs = await WriteSourcesAsync(Prefix, Path.Combine(work, "bench"), cancellation).ConfigureAwait(false);
        string[] tools = await WriteSourcesAsync(ToolPrefix, Path.Combine(work, "io"), cancellation).ConfigureAwait(false);
        (string Directory, string Program)[] all = [.. programs.Select(program => ("bench", program)), .. tools.Select(tool => ("io", tool))];
        for (int i = 0; i < all.Length; i++)
        {
            (string directory, string program) = all[i];
            progress?.Report(new GuestBuildProgress("Compiling the benchmarks", i, all.Length));
            string place = Path.Combine(work, directory);
            await CompileAsync(place, program, ["-Wall", "-Werror", "-pthread", program + ".c", "-lm"], cancellation).ConfigureAwait(false);
            archive.AddFile("bench/" + program, await File.ReadAllBytesAsync(Path.Combine(place, program), cancellation).ConfigureAwait(false), executable: true);
        }

        foreach (string extra in extras)
        {
            if (!File.Exists(extra))
            {
                throw new GuestBuildException($"{extra} does not exist", "give a static riscv64 executable with --program FILE");
            }

            archive.AddFile("bench/" + Path.GetFileName(extra), await File.ReadAllBytesAsync(extra, cancellation).ConfigureAwait(false), executable: true);
        }

        archive.AddFile("bench/extras", Encoding.UTF8.GetBytes(string.Concat(extras.Select(extra => Path.GetFileName(extra) + "\n"))));
        archive.AddFile("bench/run", InitramfsBuilder.Resource(Prefix + "run"), executable: true);
        archive.AddFile("bench/programs", Encoding.UTF8.GetBytes(string.Concat(programs.Concat(extras.Select(extra => Path.GetFileName(extra))).Select(program => program + "\n"))));
    }

    // The names of the programs among them.
    private static async Task<string[]> WriteSourcesAsync(string prefix, string directory, CancellationToken cancellation) =>
        [.. (await FreestandingProgram.WriteSourcesAsync(prefix, directory, cancellation).ConfigureAwait(false)).Select(file => Path.GetFileNameWithoutExtension(file))];

    private static async Task CompileAsync(string work, string program, IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        // rv64gc is what Debian's own programs are compiled for.
        ToolResult result = await ExternalTool.RunAsync(
            Compiler,
            ["-O2", "-static", "-march=rv64gc", "-mabi=lp64d", "-s", "-o", program, .. arguments],
            cancellation,
            workingDirectory: work).ConfigureAwait(false);
        if (result.Status != 0)
        {
            throw new GuestBuildException($"{Compiler} could not compile {program}: {result.FirstError}", $"install the Debian packages gcc-riscv64-linux-gnu and libc6-dev-riscv64-cross");
        }
    }
}
