namespace CoveJit.Guests;

/// <summary>Compiles <c>guest/attack</c>, a host that attacks the confidential virtual machines it runs and tells what came of it.</summary>
public static class AttackProgram
{
    /// <summary>Where the image of the victims begins; it has <see cref="VictimImageSize"/> bytes.</summary>
    public const string VictimImage = "victim_image";

    /// <summary>Bytes of the image that is measured.</summary>
    public const int VictimImageSize = 2 * 4096;

    /// <summary>Guest physical address of the image, at which the victims start, with the argument 0.</summary>
    public const ulong VictimAddress = 0x4000_0000;

    private static readonly string[] SharedSources = ["../vmm/string.c", "../vmm/pcie.c", "../vmm/doe.c", "../vmm/tdi.c"];

    /// <summary>Compiles the program.</summary>
    /// <param name="work">Directory to compile in; the program is put there.</param>
    /// <param name="only">Name of the one attack to make; null for all.</param>
    /// <param name="listOnly">Whether it only tells which attacks there are.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>Path of the ELF file, a kernel for a machine of two harts with a TSM.</returns>
    /// <exception cref="GuestBuildException">The compiler is missing or rejects a source.</exception>
    public static async Task<string> CompileAsync(string work, string? only, bool listOnly, CancellationToken cancellation = default)
    {
        string output = Path.Combine(work, "attack.elf");
        string name = new([.. (only ?? string.Empty).Where(c => char.IsAsciiLetterOrDigit(c) || c == '-')]); // it becomes a C string
        List<string> definitions = [$"-DONLY=\"{name}\"", .. listOnly ? ["-DLIST"] : Array.Empty<string>(), .. SharedSources];
        // They name each other's files.
        foreach (string other in (string[])["vmm", "shim"])
        {
            await FreestandingProgram.WriteSourcesAsync(other + "/", Path.Combine(work, other), cancellation).ConfigureAwait(false);
        }

        await FreestandingProgram.CompileAsync("the attacks", "attack/", Path.Combine(work, "attack"), output, definitions, cancellation).ConfigureAwait(false);
        return output;
    }
}
