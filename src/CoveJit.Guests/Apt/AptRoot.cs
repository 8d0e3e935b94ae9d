using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace CoveJit.Guests.Apt;

/// <summary>
/// A private root for apt: own state, own cache, one source. apt does all fetching and all checking; nothing here
/// ever downloads by itself, since a hash from an index that was not checked against its signature proves nothing.
/// The files are <c>apt.conf</c>, <c>sources.list.d/</c>, <c>state/</c> and, shared between suites, the archives.
/// </summary>
internal sealed class AptRoot
{
    private readonly string _archives;
    private readonly string _configuration;

    private AptRoot(string archives, string configuration)
    {
        _archives = archives;
        _configuration = configuration;
    }

    /// <summary>Writes the root's files.</summary>
    /// <param name="directory">Directory of this root.</param>
    /// <param name="archives">Directory of the fetched packages.</param>
    /// <param name="host">Host settings to carry over.</param>
    /// <param name="mirror">Address of the archive.</param>
    /// <param name="suite">Debian suite.</param>
    /// <param name="keyring">Keyring that its signatures are checked against.</param>
    public static AptRoot Create(string directory, string archives, HostAptConfiguration host, string mirror, string suite, string keyring)
    {
        foreach (string sub in (string[])["sources.list.d", "apt.conf.d", "preferences.d", "trusted.gpg.d", "state/lists/partial", "cache/archives/partial"])
        {
            Directory.CreateDirectory(Path.Combine(directory, sub));
        }

        Directory.CreateDirectory(archives);
        string status = Path.Combine(directory, "state", "status");
        File.WriteAllText(status, string.Empty);
        File.WriteAllText(
            Path.Combine(directory, "sources.list.d", "debian.sources"),
            $"Types: deb\nURIs: {mirror}\nSuites: {suite}\nComponents: main\nSigned-By: {keyring}\n");
        string configuration = Path.Combine(directory, "apt.conf");
        File.WriteAllText(configuration, Configuration(directory, host));
        return new AptRoot(archives, configuration);
    }

    /// <summary>The apt.conf of a root: host settings first, so that ours win.</summary>
    public static string Configuration(string directory, HostAptConfiguration host)
    {
        StringBuilder text = new();
        foreach (string line in host.AcquireSettings)
        {
            text.Append(line).Append('\n');
        }

        Set("Dir::Etc::main", Path.Combine(directory, "none.conf"));
        Set("Dir::Etc::parts", Path.Combine(directory, "apt.conf.d"));
        Set("Dir::Etc::sourcelist", Path.Combine(directory, "none.list"));
        Set("Dir::Etc::sourceparts", Path.Combine(directory, "sources.list.d"));
        Set("Dir::Etc::preferences", Path.Combine(directory, "none.pref"));
        Set("Dir::Etc::preferencesparts", Path.Combine(directory, "preferences.d"));
        Set("Dir::Etc::trusted", Path.Combine(directory, "none.gpg"));
        Set("Dir::Etc::trustedparts", Path.Combine(directory, "trusted.gpg.d"));
        if (host.NetrcFile is not null)
        {
            Set("Dir::Etc::netrc", host.NetrcFile);
        }

        if (host.NetrcParts is not null)
        {
            Set("Dir::Etc::netrcparts", host.NetrcParts);
        }

        Set("Dir::State", Path.Combine(directory, "state"));
        Set("Dir::State::status", Path.Combine(directory, "state", "status"));
        Set("Dir::Cache", Path.Combine(directory, "cache"));

        // Stays empty: `install --print-uris` leaves out what already lies there, and packages are fetched with `download`.
        Set("Dir::Cache::archives", Path.Combine(directory, "cache", "archives"));
        Set("APT::Architecture", "riscv64");
        text.Append("#clear APT::Architectures;\n");
        text.Append("APT::Architectures { \"riscv64\"; };\n");
        Set("APT::Install-Recommends", "0");
        Set("APT::Install-Suggests", "0");
        Set("APT::Get::Assume-Yes", "1");

        // apt calls some failures of an update transient and exits with 0; here each of them has to be one.
        Set("APT::Update::Error-Mode", "any");
        Set("Acquire::AllowInsecureRepositories", "0");
        Set("Acquire::AllowWeakRepositories", "0");
        Set("Acquire::AllowDowngradeToInsecureRepositories", "0");
        Set("APT::Get::AllowUnauthenticated", "0");
        Set("Acquire::Languages", "none");
        Set("Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", "0");
        Set("Acquire::IndexTargets::deb::DEP-11-icons-small::DefaultEnabled", "0");
        Set("Acquire::IndexTargets::deb::DEP-11-icons::DefaultEnabled", "0");
        Set("Acquire::IndexTargets::deb::CNF::DefaultEnabled", "0");
        Set("Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled", "0");

        // The cache is in the user's own directory, where apt's sandbox user could not write when root calls.
        Set("APT::Sandbox::User", "root");
        Set("Dpkg::Use-Pty", "0");
        return text.ToString();

        void Set(string key, string value) => text.Append(CultureInfo.InvariantCulture, $"{key} \"{value}\";\n");
    }

    /// <summary>Fetches and checks the index.</summary>
    /// <returns>Null, or the reason why apt did not accept it, in one line.</returns>
    public async Task<string?> UpdateAsync(CancellationToken cancellation)
    {
        ToolResult result = await AptAsync(["update", "-q"], cancellation).ConfigureAwait(false);
        return result.Status == 0 && !result.Error.Contains("E:", StringComparison.Ordinal) ? null : Shorten(result.FirstError);
    }

    /// <summary>All packages needed to install the given ones on an empty system, without recommendations.</summary>
    /// <returns>The packages by name, or the reason why it cannot be done.</returns>
    public async Task<(IReadOnlyList<AptPackage> Packages, string? Error)> ResolveAsync(IReadOnlyList<string> names, CancellationToken cancellation)
    {
        ToolResult result = await AptAsync(["install", "-qq", "--print-uris", "--no-install-recommends", "--reinstall", .. names], cancellation).ConfigureAwait(false);
        return result.Status == 0 ? (ParsePackages(result.Output), null) : ([], Shorten(result.FirstError));
    }

    /// <summary>Names of the packages in the index whose control fields satisfy a condition.</summary>
    public async Task<IReadOnlyList<string>> SelectAsync(Func<IReadOnlyDictionary<string, string>, bool> wanted, CancellationToken cancellation)
    {
        ToolResult result = await ExternalTool.RunAsync("apt-cache", ["dumpavail"], cancellation, Environment()).ConfigureAwait(false);
        return [.. Deb822.Parse(result.Output).Where(wanted).Select(stanza => stanza["Package"]).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>Fetches packages that are not in the cache yet, and checks every one against the index.</summary>
    /// <returns>The packages with their hashes, in the order given.</returns>
    /// <exception cref="GuestBuildException">A package cannot be fetched or is not what the index says.</exception>
    public async Task<IReadOnlyList<AptPackage>> DownloadAsync(IReadOnlyList<AptPackage> packages, string stage, IProgress<GuestBuildProgress>? progress, CancellationToken cancellation)
    {
        string[] exact = [.. packages.Select(package => $"{package.Name}={package.Version}")];
        ToolResult described = await AptAsync(["download", "-qq", "--print-uris", .. exact], cancellation).ConfigureAwait(false);
        Dictionary<string, AptPackage> known = ParsePackages(described.Output).ToDictionary(package => package.Name, StringComparer.Ordinal);
        foreach (AptPackage package in packages)
        {
            if (!known.TryGetValue(package.Name, out AptPackage? found) || found.Sha256.Length == 0)
            {
                throw new GuestBuildException($"apt does not say what {package.Name} {package.Version} hashes to: {Shorten(described.FirstError)}", "remove the cache directory and try again");
            }
        }

        List<AptPackage> missing = [];
        foreach (AptPackage package in packages.Select(package => known[package.Name]))
        {
            if (!await IsIntactAsync(package, cancellation).ConfigureAwait(false))
            {
                File.Delete(PathOf(package));
                missing.Add(package);
            }
        }

        long total = missing.Sum(package => package.SizeBytes);
        progress?.Report(new GuestBuildProgress(stage, 0, total));
        if (missing.Count > 0)
        {
            ToolResult result = await AptAsync(
                ["download", "-qq", "-o", "APT::Status-Fd=1", .. missing.Select(package => $"{package.Name}={package.Version}")],
                cancellation,
                _archives,
                line =>
                {
                    if (TryParsePercent(line, out double percent))
                    {
                        progress?.Report(new GuestBuildProgress(stage, (long)(total * percent / 100), total));
                    }
                }).ConfigureAwait(false);
            if (result.Status != 0)
            {
                throw new GuestBuildException($"apt could not fetch the packages: {Shorten(result.FirstError)}", "try again later, or give another --mirror");
            }
        }

        foreach (AptPackage package in missing)
        {
            if (!await IsIntactAsync(package, cancellation).ConfigureAwait(false))
            {
                throw new GuestBuildException($"{package.FileName} is not what the signed index describes", "try again later, or give another --mirror");
            }
        }

        progress?.Report(new GuestBuildProgress(stage, total, total));
        return [.. packages.Select(package => known[package.Name])];
    }

    /// <summary>Unpacks the files of fetched packages, without their maintainer scripts, into a directory.</summary>
    public async Task ExtractAsync(IReadOnlyList<AptPackage> packages, string directory, string stage, IProgress<GuestBuildProgress>? progress, CancellationToken cancellation)
    {
        Directory.CreateDirectory(directory);
        int done = 0;
        foreach (AptPackage package in packages)
        {
            progress?.Report(new GuestBuildProgress(stage, done++, packages.Count));
            await ExternalTool.RunCheckedAsync("dpkg-deb", ["--extract", PathOf(package), directory], cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Where a fetched package lies.</summary>
    public string PathOf(AptPackage package) => Path.Combine(_archives, package.FileName);

    /// <summary>Reads apt's status lines, <c>dlstatus:FILE:PERCENT:TEXT</c>.</summary>
    public static bool TryParsePercent(string line, out double percent)
    {
        string[] parts = line.Split(':');
        percent = 0;
        return parts.Length >= 3
            && parts[0] == "dlstatus"
            && double.TryParse(parts[2], NumberStyles.Float, CultureInfo.InvariantCulture, out percent)
            && percent is >= 0 and <= 100;
    }

    private static List<AptPackage> ParsePackages(string output)
    {
        List<AptPackage> packages = [];
        foreach (string line in output.Split('\n'))
        {
            if (AptPackage.ParseUriLine(line) is { } package)
            {
                packages.Add(package);
            }
        }

        packages.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return packages;
    }

    private static string Shorten(string message)
    {
        // apt joins several blanks and adds the server's address; one line is enough to recognise the failure.
        string line = string.Join(' ', message.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries));
        return line.StartsWith("E: ", StringComparison.Ordinal) ? line[3..] : line;
    }

    private async Task<bool> IsIntactAsync(AptPackage package, CancellationToken cancellation)
    {
        FileInfo file = new(PathOf(package));
        if (!file.Exists || file.Length != package.SizeBytes)
        {
            return false;
        }

        using FileStream stream = file.OpenRead();
        byte[] hash = await SHA256.HashDataAsync(stream, cancellation).ConfigureAwait(false);
        return Convert.ToHexStringLower(hash) == package.Sha256;
    }

    private Task<ToolResult> AptAsync(IReadOnlyList<string> arguments, CancellationToken cancellation, string? workingDirectory = null, Action<string>? onOutput = null) =>
        ExternalTool.RunAsync("apt-get", arguments, cancellation, Environment(), workingDirectory, onOutput);

    private Dictionary<string, string?> Environment() => new() { ["APT_CONFIG"] = _configuration };
}
