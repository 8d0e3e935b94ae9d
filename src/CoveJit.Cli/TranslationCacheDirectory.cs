namespace CoveJit.Cli;

/// <summary>Where native code is kept if the user does not say: as the XDG base directory specification has it for what can be made again.</summary>
internal static class TranslationCacheDirectory
{
    /// <summary>The path, or null if the user has no home.</summary>
    public static string? Default =>
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { } cache && Path.IsPathRooted(cache) ? Path.Combine(cache, "covejit", "translations")
        : Environment.GetEnvironmentVariable("HOME") is { } home && Path.IsPathRooted(home) ? Path.Combine(home, ".cache", "covejit", "translations")
        : null;
}
