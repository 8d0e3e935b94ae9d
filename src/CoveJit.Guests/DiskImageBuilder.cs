using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CoveJit.Guests.Apt;
using CoveJit.Guests.Kernel;

namespace CoveJit.Guests;

/// <summary>
/// Makes the Debian disk image: apt works out and fetches the packages, they are unpacked here, and dpkg's database
/// is written as if dpkg had unpacked them. No riscv64 program runs on the host: the packages are configured by
/// <c>guest/disk/second-stage</c> at the guest's first boot.
/// </summary>
internal static class DiskImageBuilder
{
    /// <summary>Command line of the guest. A slow emulator must not make systemd give up on its devices.</summary>
    public const string Append = "root=/dev/vda rw init=/covejit-second-stage systemd.default_device_timeout_sec=600";

    /// <summary>What the guest prints when someone can log in.</summary>
    public const string ReadyMarker = "covejit login:";

    private static readonly string[] BasePackages =
    [
        "apt", "ca-certificates", "dbus", "debian-archive-keyring", "e2fsprogs", "iproute2", "kmod", "login", "passwd", "procps", "systemd", "systemd-resolved", "systemd-sysv", "udev",
    ];

    // The first of them sets up /bin and its like, which the others' files go through.
    private const string FirstPackage = "base-files";

    private static bool IsRoot => Environment.IsPrivilegedProcess;

    /// <summary>Programs of the host that are needed; the owners of files are faked where the user is not root.</summary>
    public static string[] Tools => IsRoot ? ["tar", "sh", "mke2fs"] : ["tar", "sh", "mke2fs", "fakeroot"];

    /// <summary>Fails at once when a tool is missing.</summary>
    public static void RequireTools() => ExternalTool.Require(Tools);

    /// <summary>Makes the image.</summary>
    /// <returns>The packages in it.</returns>
    public static async Task<IReadOnlyList<AptPackage>> BuildAsync(
        AptRoot root,
        string suite,
        string mirror,
        KernelPackageContent kernel,
        IReadOnlyList<KernelModule> modules,
        string work,
        string image,
        GuestBuilderOptions options,
        IProgress<GuestBuildProgress>? progress,
        CancellationToken cancellation)
    {
        progress?.Report(new GuestBuildProgress("Choosing packages", 0, 0));
        IReadOnlyList<string> required = await root.SelectAsync(
            stanza => stanza.GetValueOrDefault("Priority") == "required" || stanza.GetValueOrDefault("Essential") == "yes",
            cancellation).ConfigureAwait(false);
        foreach (string extra in options.ExtraPackages)
        {
            if (extra.Length < 2 || !extra.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '+' or '-' or '.') || !char.IsAsciiLetterOrDigit(extra[0]))
            {
                throw new GuestBuildException($"'{extra}' is not the name of a package", "give names as Debian spells them");
            }
        }

        (IReadOnlyList<AptPackage> resolved, string? error) = await root.ResolveAsync(
            [.. required.Concat(BasePackages).Concat(options.ExtraPackages).Distinct()],
            cancellation).ConfigureAwait(false);
        if (error is not null)
        {
            throw new GuestBuildException($"the packages of the disk guest cannot be installed together: {error}", "try another --suite, or other packages");
        }

        IReadOnlyList<AptPackage> packages = await root.DownloadAsync(resolved, "Fetching Debian", progress, cancellation).ConfigureAwait(false);
        packages = [.. packages.OrderBy(package => package.Name != FirstPackage)];

        string tree = Path.Combine(work, "tree");
        Directory.CreateDirectory(work);
        await UnpackAsync(root, packages, work, tree, progress, cancellation).ConfigureAwait(false);
        await WriteDatabaseAsync(root, packages, work, tree, progress, cancellation).ConfigureAwait(false);
        Configure(tree, suite, mirror, kernel.Release, modules);

        progress?.Report(new GuestBuildProgress("Writing the disk image", 0, 0));
        using (FileStream file = File.Create(image))
        {
            file.SetLength(options.DiskBytes);
        }

        await AsRootAsync(work, ["mke2fs", "-q", "-F", "-t", "ext4", "-L", "covejit-root", "-d", tree, image], null, cancellation).ConfigureAwait(false);
        return packages;
    }

    /// <summary>The stanza of dpkg's status file for a package that is unpacked but not configured, dpkg(1) "Package states".</summary>
    /// <param name="control">The package's control file.</param>
    /// <param name="conffiles">Its configuration files with their MD5 sums.</param>
    public static string StatusStanza(string control, IReadOnlyList<(string Path, string Md5)> conffiles)
    {
        StringBuilder text = new();
        foreach (string line in control.TrimEnd('\n').Split('\n'))
        {
            text.Append(line).Append('\n');
            if (line.StartsWith("Package:", StringComparison.Ordinal))
            {
                text.Append("Status: install ok unpacked\n");
            }
        }

        if (conffiles.Count > 0)
        {
            text.Append("Conffiles:\n");
            foreach ((string path, string md5) in conffiles)
            {
                text.Append(CultureInfo.InvariantCulture, $" {path} {md5}\n");
            }
        }

        return text.Append('\n').ToString();
    }

    /// <summary>The package's line for dpkg's trigger database, deb-triggers(5): which file it goes into and what it says.</summary>
    /// <returns>Null for a directive that registers no interest.</returns>
    public static (string File, string Line)? TriggerLine(string package, string directive)
    {
        string[] words = directive.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 2 || words[0] is not ("interest" or "interest-await" or "interest-noawait"))
        {
            return null;
        }

        string name = words[0] == "interest-noawait" ? package + "/noawait" : package;
        return words[1].StartsWith('/') ? ("File", $"{words[1]} {name}") : (words[1], name);
    }

    private static async Task UnpackAsync(AptRoot root, IReadOnlyList<AptPackage> packages, string work, string tree, IProgress<GuestBuildProgress>? progress, CancellationToken cancellation)
    {
        string script = Path.Combine(work, "unpack");
        string list = Path.Combine(work, "packages");
        await File.WriteAllBytesAsync(script, InitramfsBuilder.Resource("disk/unpack"), cancellation).ConfigureAwait(false);
        await File.WriteAllLinesAsync(list, packages.Select(root.PathOf), cancellation).ConfigureAwait(false);
        int done = 0;
        await AsRootAsync(
            work,
            ["sh", "-c", "exec sh \"$0\" \"$1\" < \"$2\"", script, tree, list],
            _ => progress?.Report(new GuestBuildProgress("Unpacking Debian", done++, packages.Count)),
            cancellation).ConfigureAwait(false);
    }

    private static async Task WriteDatabaseAsync(AptRoot root, IReadOnlyList<AptPackage> packages, string work, string tree, IProgress<GuestBuildProgress>? progress, CancellationToken cancellation)
    {
        string database = Path.Combine(tree, "var", "lib", "dpkg");
        foreach (string directory in (string[])["info", "updates", "triggers", "parts", "alternatives"])
        {
            Directory.CreateDirectory(Path.Combine(database, directory));
        }

        StringBuilder status = new();
        Dictionary<string, StringBuilder> triggers = new(StringComparer.Ordinal);
        int done = 0;
        foreach (AptPackage package in packages)
        {
            progress?.Report(new GuestBuildProgress("Writing the package database", done++, packages.Count));
            string deb = root.PathOf(package);
            string controlDirectory = Path.Combine(work, "control");
            await ExternalTool.RunCheckedAsync("dpkg-deb", ["--control", deb, controlDirectory], cancellation).ConfigureAwait(false);
            string control = await File.ReadAllTextAsync(Path.Combine(controlDirectory, "control"), cancellation).ConfigureAwait(false);
            string name = Deb822.Parse(control)[0].GetValueOrDefault("Multi-Arch") == "same" ? $"{package.Name}:{package.Architecture}" : package.Name;
            foreach (string file in Directory.GetFiles(controlDirectory))
            {
                if (Path.GetFileName(file) != "control")
                {
                    File.Move(file, Path.Combine(database, "info", $"{name}.{Path.GetFileName(file)}"), overwrite: true);
                }
            }

            Directory.Delete(controlDirectory, recursive: true);
            await File.WriteAllTextAsync(Path.Combine(database, "info", name + ".list"), await ListAsync(deb, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
            status.Append(StatusStanza(control, Conffiles(Path.Combine(database, "info", name + ".conffiles"), tree)));
            string triggerFile = Path.Combine(database, "info", name + ".triggers");
            foreach (string directive in File.Exists(triggerFile) ? File.ReadAllLines(triggerFile) : [])
            {
                if (TriggerLine(name, directive) is { } line)
                {
                    if (!triggers.TryGetValue(line.File, out StringBuilder? text))
                    {
                        triggers[line.File] = text = new StringBuilder();
                    }

                    text.Append(line.Line).Append('\n');
                }
            }
        }

        foreach ((string file, StringBuilder text) in triggers)
        {
            await File.WriteAllTextAsync(Path.Combine(database, "triggers", file), text.ToString(), cancellation).ConfigureAwait(false);
        }

        await File.WriteAllTextAsync(Path.Combine(database, "status"), status.ToString(), cancellation).ConfigureAwait(false);
        await File.WriteAllTextAsync(Path.Combine(database, "available"), string.Empty, cancellation).ConfigureAwait(false);
        await File.WriteAllTextAsync(Path.Combine(database, "info", "format"), "1\n", cancellation).ConfigureAwait(false);
    }

    private static async Task<string> ListAsync(string deb, CancellationToken cancellation)
    {
        string names = await ExternalTool.RunCheckedAsync(
            "sh",
            ["-c", "dpkg-deb --fsys-tarfile \"$0\" | tar --list --quoting-style=literal", deb],
            cancellation).ConfigureAwait(false);
        StringBuilder list = new();
        foreach (string line in names.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string name = line.TrimEnd('/');
            list.Append(name == "." ? "/." : name.StartsWith('.') ? name[1..] : "/" + name).Append('\n');
        }

        return list.ToString();
    }

    private static List<(string Path, string Md5)> Conffiles(string file, string tree)
    {
        List<(string Path, string Md5)> conffiles = [];
        foreach (string line in File.Exists(file) ? File.ReadAllLines(file) : [])
        {
            // A flag such as remove-on-upgrade precedes the path of a file that is not there.
            string path = Path.Combine(tree, line.TrimStart('/'));
            if (line.StartsWith('/') && File.Exists(path))
            {
#pragma warning disable CA5351 // dpkg's status file holds MD5 sums; they only tell edited files from unedited ones.
                conffiles.Add((line, Convert.ToHexStringLower(MD5.HashData(File.ReadAllBytes(path)))));
#pragma warning restore CA5351
            }
        }

        return conffiles;
    }

    private static void Configure(string tree, string suite, string mirror, string release, IReadOnlyList<KernelModule> modules)
    {
        string keyring = File.Exists(Path.Combine(tree, "usr/share/keyrings/debian-archive-keyring.pgp")) ? "pgp" : "gpg";
        Write("etc/hostname", "covejit\n");
        Write("etc/hosts", "127.0.0.1 localhost\n127.0.1.1 covejit\n::1 localhost ip6-localhost ip6-loopback\n");
        Write("etc/default/locale", "LANG=C.UTF-8\n");
        Write("etc/fstab", "# The kernel command line names the root file system.\n");
        Write("etc/systemd/network/80-dhcp.network", "[Match]\nType=ether\n\n[Network]\nDHCP=yes\n");
        Write("etc/apt/sources.list.d/debian.sources", $"Types: deb\nURIs: {mirror}\nSuites: {suite}\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.{keyring}\n");
        string secondStage = Path.Combine(tree, "covejit-second-stage");
        File.WriteAllBytes(secondStage, InitramfsBuilder.Resource("disk/second-stage"));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(secondStage, (UnixFileMode)0x1ED);
        }

        // The modules the initramfs has; unpacking and indexing all 3000 would take a slow emulator long.
        foreach (KernelModule module in modules)
        {
            string path = Path.Combine(tree, "usr/lib/modules", release, module.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, module.Content);
        }

        void Write(string path, string content)
        {
            string file = Path.Combine(tree, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);

            // A link in the image is meant for the guest; followed here it could lead out of the tree.
            File.Delete(file);
            File.WriteAllText(file, content);
        }
    }

    private static async Task AsRootAsync(string work, IReadOnlyList<string> command, Action<string>? onOutput, CancellationToken cancellation)
    {
        // An ordinary user's files get their owners from fakeroot's notes, which live on between the steps.
        string notes = Path.Combine(work, "owners");
        string[] full = IsRoot
            ? [.. command]
            : ["fakeroot", .. File.Exists(notes) ? (string[])["-i", notes] : [], "-s", notes, "--", .. command];
        ToolResult result = await ExternalTool.RunAsync(full[0], full[1..], cancellation, SbinPath(), onOutput: onOutput).ConfigureAwait(false);
        if (result.Status != 0)
        {
            throw new GuestBuildException($"{command[0]} ended with status {result.Status}: {result.FirstError}", "check the free space of the output directory");
        }
    }

    private static Dictionary<string, string?> SbinPath() =>
        new() { ["PATH"] = Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin" };
}
