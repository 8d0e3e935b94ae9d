using System.Text;
using CoveJit.Guests.Cpio;

namespace CoveJit.Guests;

/// <summary>Compiles the sources of <c>guest/bench</c> and puts the programs under <c>/bench</c>.</summary>
internal static class BenchPrograms
{
    /// <summary>Debian's cross compiler.</summary>
    public const string Compiler = "riscv64-linux-gnu-gcc";

    private const string Prefix = "bench/";

    /// <summary>CoreMark's portable files for Linux; its own makefile takes them from there as well.</summary>
    private static readonly string[] CoreMarkSources =
    [
        "core_list_join.c", "core_main.c", "core_matrix.c", "core_state.c", "core_util.c", "posix/core_portme.c",
    ];

    /// <summary>Compiles the programs and adds them to an archive.</summary>
    /// <param name="archive">Archive to add to.</param>
    /// <param name="work">Directory to compile in.</param>
    /// <param name="coreMark">CoreMark's source tree, or null. It is compiled as it is and never copied elsewhere.</param>
    /// <param name="progress">Receives what is being done.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="GuestBuildException">The compiler is missing or rejects a source.</exception>
    public static async Task AddToAsync(CpioArchive archive, string work, string? coreMark, IProgress<GuestBuildProgress>? progress, CancellationToken cancellation)
    {
        Directory.CreateDirectory(work);
        List<string> programs = [];
        foreach (string resource in InitramfsBuilder.ResourceNames(Prefix))
        {
            string file = resource[Prefix.Length..];
            await File.WriteAllBytesAsync(Path.Combine(work, file), InitramfsBuilder.Resource(resource), cancellation).ConfigureAwait(false);
            if (file.EndsWith(".c", StringComparison.Ordinal))
            {
                programs.Add(file[..^2]);
            }
        }

        int done = 0;
        int total = programs.Count + (coreMark is null ? 0 : 1);
        foreach (string program in programs)
        {
            progress?.Report(new GuestBuildProgress("Compiling the benchmarks", done++, total));
            await CompileAsync(work, program, ["-Wall", "-Werror", program + ".c"], cancellation).ConfigureAwait(false);
        }

        if (coreMark is not null)
        {
            progress?.Report(new GuestBuildProgress("Compiling the benchmarks", done, total));
            string tree = Path.GetFullPath(coreMark);
            string[] sources = [.. CoreMarkSources.Select(source => Path.Combine(tree, source))];
            if (Array.Find(sources, source => !File.Exists(source)) is { } missing)
            {
                throw new GuestBuildException($"{missing} does not exist", "give CoreMark's source tree with --coremark DIR");
            }

            // The run rules want the flags reported; core_main.c prints FLAGS_STR.
            await CompileAsync(
                work,
                "coremark",
                [$"-I{tree}", $"-I{Path.Combine(tree, "posix")}", "-DFLAGS_STR=\"-O2 -static\"", "-DPERFORMANCE_RUN=1", "-DITERATIONS=0", .. sources],
                cancellation).ConfigureAwait(false);
            programs.Add("coremark");
        }

        foreach (string program in programs)
        {
            archive.AddFile("bench/" + program, await File.ReadAllBytesAsync(Path.Combine(work, program), cancellation).ConfigureAwait(false), executable: true);
        }

        archive.AddFile("bench/run", InitramfsBuilder.Resource(Prefix + "run"), executable: true);
        archive.AddFile("bench/programs", Encoding.UTF8.GetBytes(string.Join('\n', programs) + "\n"));
    }

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
