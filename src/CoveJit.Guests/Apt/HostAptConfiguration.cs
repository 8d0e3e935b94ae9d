namespace CoveJit.Guests.Apt;

/// <summary>What the host's apt is set up to do, as far as fetching is concerned.</summary>
/// <param name="Sources">Its archives.</param>
/// <param name="AcquireSettings">Lines of <c>apt-config dump</c> that describe this machine's way to the network and its view of time.</param>
/// <param name="NetrcFile">Absolute name of its auth.conf; the file need not exist.</param>
/// <param name="NetrcParts">Absolute name of its auth.conf.d; the directory need not exist.</param>
public sealed record HostAptConfiguration(
    IReadOnlyList<AptSource> Sources,
    IReadOnlyList<string> AcquireSettings,
    string? NetrcFile,
    string? NetrcParts)
{
    // How to reach the archive, and whether this machine's clock can be trusted. Nothing here turns
    // off the check of signatures or hashes, and the private root sets those switches itself.
    private static readonly string[] PassedOn =
    [
        "Acquire::Check-Valid-Until", "Acquire::Check-Date", "Acquire::Max-FutureTime",
        "Acquire::Max-ValidTime", "Acquire::Min-ValidTime", "Acquire::Retries",
        "Acquire::http", "Acquire::https", "Acquire::ftp", "Acquire::tor", "Acquire::socks",
        "Acquire::ForceIPv4", "Acquire::ForceIPv6", "Acquire::Connect", "Acquire::By-Hash",
        "Acquire::EnableSrvRecords", "Acquire::Send-URI-Encoded",
    ];

    /// <summary>Reads the configuration of this machine.</summary>
    /// <exception cref="GuestBuildException">apt is not installed, or cannot read its configuration.</exception>
    public static async Task<HostAptConfiguration> ReadAsync(CancellationToken cancellation)
    {
        string dump = await ExternalTool.RunCheckedAsync("apt-config", ["dump"], cancellation).ConfigureAwait(false);
        string shell = await ExternalTool.RunCheckedAsync(
            "apt-config",
            ["shell", "LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d", "NETRC", "Dir::Etc::netrc/f", "NETRCPARTS", "Dir::Etc::netrcparts/d"],
            cancellation).ConfigureAwait(false);
        Dictionary<string, string> places = ParseShell(shell);
        List<AptSource> sources = [];
        if (places.TryGetValue("LIST", out string? list))
        {
            AddFile(list, sources);
        }

        if (places.TryGetValue("PARTS", out string? parts) && Directory.Exists(parts))
        {
            foreach (string file in Directory.GetFiles(parts).Order(StringComparer.Ordinal))
            {
                AddFile(file, sources);
            }
        }

        return new HostAptConfiguration(sources, SelectSettings(dump), places.GetValueOrDefault("NETRC"), places.GetValueOrDefault("NETRCPARTS"));
    }

    /// <summary>The lines of a configuration dump that are passed on to the private root.</summary>
    /// <param name="dump">Output of <c>apt-config dump</c>.</param>
    public static IReadOnlyList<string> SelectSettings(string dump)
    {
        List<string> settings = [];
        foreach (string line in dump.Split('\n'))
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space <= 0)
            {
                continue;
            }

            // `Acquire::http "";` only says that the tree has a node there.
            string key = line[..space];
            bool empty = line[space..].Trim() == "\"\";";
            if (!empty && PassedOn.Any(passed =>
                key.Equals(passed, StringComparison.OrdinalIgnoreCase) || key.StartsWith(passed + "::", StringComparison.OrdinalIgnoreCase)))
            {
                settings.Add(line.TrimEnd());
            }
        }

        return settings;
    }

    /// <summary>The first archive that looks like Debian's own; apt will check that its signature says so too.</summary>
    /// <returns>Null when there is none.</returns>
    public AptSource? FindDebianArchive() =>
        Sources.FirstOrDefault(source => IsMainArchive(source) && source.KeyringFiles.Any(IsDebianKeyring))
        ?? Sources.FirstOrDefault(source => IsMainArchive(source) && source.Uri.TrimEnd('/').EndsWith("/debian", StringComparison.Ordinal));

    private static bool IsDebianKeyring(string file) =>
        Path.GetFileName(file).StartsWith("debian-archive-", StringComparison.Ordinal);

    private static bool IsMainArchive(AptSource source) =>
        source.Components.Contains("main")
        && source.Suites.Any(suite => !suite.Contains("security", StringComparison.Ordinal))
        && !source.Uri.TrimEnd('/').EndsWith("-security", StringComparison.Ordinal);

    private static void AddFile(string file, List<AptSource> sources)
    {
        if (!File.Exists(file))
        {
            return;
        }

        if (file.EndsWith(".sources", StringComparison.Ordinal))
        {
            sources.AddRange(AptSourceParser.ParseDeb822(File.ReadAllText(file), file));
        }
        else if (file.EndsWith(".list", StringComparison.Ordinal))
        {
            sources.AddRange(AptSourceParser.ParseOneLine(File.ReadAllText(file), file));
        }
    }

    private static Dictionary<string, string> ParseShell(string text)
    {
        Dictionary<string, string> values = new(StringComparer.Ordinal);
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                values[line[..equals]] = line[(equals + 1)..].Trim().Trim('\'');
            }
        }

        return values;
    }
}
