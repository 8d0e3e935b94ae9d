namespace CoveJit.Guests;

/// <summary>Compiles what runs on the bare machine: a directory of C and assembly with a linker script and a file of <c>options</c>.</summary>
internal static class FreestandingProgram
{
    /// <summary>Compiles a program of this assembly's resources.</summary>
    /// <param name="what">What it is, for errors.</param>
    /// <param name="prefix">Prefix of its sources' names.</param>
    /// <param name="work">Directory to compile in.</param>
    /// <param name="output">The ELF file to make.</param>
    /// <param name="arguments">Further arguments for the compiler.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="GuestBuildException">The compiler is missing or rejects a source.</exception>
    public static async Task CompileAsync(string what, string prefix, string work, string output, IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        IReadOnlyList<string> sources = await WriteSourcesAsync(prefix, work, cancellation).ConfigureAwait(false);
        ToolResult result = await ExternalTool.RunAsync(
            BenchPrograms.Compiler, ["-O2", "-Wall", "@options", .. arguments, "-o", Path.GetFullPath(output), .. sources], cancellation, workingDirectory: work).ConfigureAwait(false);
        if (result.Status != 0)
        {
            throw new GuestBuildException($"{BenchPrograms.Compiler} could not compile {what}: {result.FirstError}", ExternalTool.MendFor(BenchPrograms.Compiler));
        }
    }

    /// <summary>Writes a program's sources into a directory.</summary>
    /// <returns>The names of those to compile.</returns>
    public static async Task<IReadOnlyList<string>> WriteSourcesAsync(string prefix, string work, CancellationToken cancellation)
    {
        Directory.CreateDirectory(work);
        List<string> sources = [];
        foreach (string name in InitramfsBuilder.ResourceNames(prefix))
        {
            string file = name[prefix.Length..];
            await File.WriteAllBytesAsync(Path.Combine(work, file), InitramfsBuilder.Resource(name), cancellation).ConfigureAwait(false);
            if (Path.GetExtension(file) is ".c" or ".S")
            {
                sources.Add(file);
            }
        }

        return sources;
    }
}
