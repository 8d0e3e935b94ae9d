namespace CoveJit.Guests;

/// <summary>What the guest builder works with. Every property has a usable default.</summary>
public sealed class GuestBuilderOptions
{
    /// <summary>Debian suites in the order in which they are tried.</summary>
    public IReadOnlyList<string> Suites { get; init; } = ["trixie", "forky"];

    /// <summary>Archive address to fetch from; null means the one the host's apt uses.</summary>
    public string? Mirror { get; init; }

    /// <summary>Where indexes and packages are kept between builds.</summary>
    public string CacheDirectory { get; init; } = DefaultCacheDirectory;

    /// <summary>Where guests are put: <c>NAME.json</c> describes a guest, <c>NAME/</c> holds its files.</summary>
    public string OutputDirectory { get; init; } = DefaultOutputDirectory;

    /// <summary>Static riscv64 executables to put into the <c>bench</c> guest beside its own programs.</summary>
    public IReadOnlyList<string> ExtraPrograms { get; init; } = [];

    /// <summary>Packages to add to the <c>disk</c> guest.</summary>
    public IReadOnlyList<string> ExtraPackages { get; init; } = ["openssl", "fio"];

    /// <summary>Size of the <c>disk</c> guest's image in bytes; the file is sparse.</summary>
    public long DiskBytes { get; init; } = 2L << 30;

    /// <summary><c>$XDG_CACHE_HOME/covejit/guests</c>, where unset <c>~/.cache/covejit/guests</c>.</summary>
    public static string DefaultCacheDirectory => UnderHome("XDG_CACHE_HOME", ".cache");

    /// <summary><c>$XDG_DATA_HOME/covejit/guests</c>, where unset <c>~/.local/share/covejit/guests</c>.</summary>
    public static string DefaultOutputDirectory => UnderHome("XDG_DATA_HOME", Path.Combine(".local", "share"));

    private static string UnderHome(string variable, string fallback)
    {
        string? root = Environment.GetEnvironmentVariable(variable);

        // The XDG Base Directory Specification tells us to ignore relative values.
        if (string.IsNullOrEmpty(root) || !Path.IsPathRooted(root))
        {
            root = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), fallback);
        }

        return Path.Combine(root, "covejit", "guests");
    }
}
