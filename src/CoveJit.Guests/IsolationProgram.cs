using System.Globalization;

namespace CoveJit.Guests;

/// <summary>What keeps the two domains of the isolation program apart; numbered as <c>guest/isolation</c> knows them.</summary>
public enum IsolationMechanism
{
    /// <summary>Nothing: what the others are compared with.</summary>
    None,

    /// <summary>Physical memory protection.</summary>
    Pmp,

    /// <summary>The same with machine-mode lockdown.</summary>
    Smepmp,

    /// <summary>A memory protection table.</summary>
    Mpt,

    /// <summary>An IOPMP, between the domains and a device.</summary>
    Iopmp,
}

/// <summary>Compiles <c>guest/isolation</c>, which two domains run on the bare machine and which measures what isolates them.</summary>
public static class IsolationProgram
{
    /// <summary>Most regions of a domain that the program has room for.</summary>
    public const int MostRegions = 1024;

    /// <summary>Compiles the program.</summary>
    /// <param name="work">Directory to compile in; the program is put there.</param>
    /// <param name="mechanism">What it uses.</param>
    /// <param name="regions">Regions of each domain, 1 to <see cref="MostRegions"/>: one measurement for each number.</param>
    /// <param name="rounds">How often what is measured is done.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>Path of the ELF file, which speaks HTIF.</returns>
    /// <exception cref="GuestBuildException">The compiler is missing or rejects a source.</exception>
    public static async Task<string> CompileAsync(
        string work, IsolationMechanism mechanism, IReadOnlyList<int> regions, int rounds, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(regions);
        string output = Path.Combine(work, $"isolation-{mechanism}".ToLowerInvariant());
        string[] definitions =
        [
            "-Wno-main", // it does not return
            string.Create(CultureInfo.InvariantCulture, $"-DMECHANISM={(int)mechanism}"),
            string.Create(CultureInfo.InvariantCulture, $"-DROUNDS={rounds}UL"),
            $"-DREGIONS={string.Join(',', regions)}",
        ];
        await FreestandingProgram.CompileAsync("the isolation program", "isolation/", work, output, definitions, cancellation).ConfigureAwait(false);
        return output;
    }
}
