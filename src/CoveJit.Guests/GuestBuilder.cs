using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using CoveJit.Guests.Apt;
using CoveJit.Guests.Cpio;
using CoveJit.Guests.Kernel;

namespace CoveJit.Guests;

/// <summary>
/// Makes guest software from Debian's riscv64 packages, without root rights and without another emulator.
/// The way: choose an archive and a suite, let apt fetch and check the packages in a private root, unpack them with
/// dpkg-deb, lay out the images, describe them in <c>NAME.json</c> and account for every package in <c>manifest.json</c>.
/// An instance holds no state between builds; two builds into the same output directory must not run at once.
/// </summary>
public sealed class GuestBuilder
{
    private const string ReadyMarker = "CoveJit guest ready";
    private const string DefaultKeyring = "/usr/share/keyrings/debian-archive-keyring";
    private const string KernelPackage = "linux-image-riscv64";
    private const string BusyBoxPackage = "busybox-static";

    private static readonly string[] BusyBoxPlaces = ["usr/bin/busybox", "bin/busybox"];

    private readonly GuestBuilderOptions _options;

    /// <summary>Prepares a builder; nothing is read or written before a build.</summary>
    /// <param name="options">What to work with.</param>
    public GuestBuilder(GuestBuilderOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
    }

    /// <summary>Name of a kind of guest: that of its description and its directory.</summary>
    public static string NameOf(GuestKind kind) => kind switch
    {
        GuestKind.Initramfs => "default",
        GuestKind.Disk => "disk",
        GuestKind.Bench => "bench",
        GuestKind.Nested => "nested",
        GuestKind.Vmm => "vmm",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>Debian packages of the host that making these kinds of guests needs and that are not installed.</summary>
    public static IReadOnlyList<string> MissingPackages(IReadOnlyList<GuestKind> kinds)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        bool fetches = kinds.Any(NeedsPackages);
        List<string> programs = fetches ? ["apt-get", "apt-cache", "apt-config", "dpkg-deb", "xz"] : [];
        if (kinds.Any(NeedsCompiler))
        {
            programs.Add(BenchPrograms.Compiler);
        }

        if (kinds.Contains(GuestKind.Disk))
        {
            programs.AddRange(DiskImageBuilder.Tools);
        }

        List<string> packages = ExternalTool.PackagesOfMissing(programs);
        if (fetches && !File.Exists(DefaultKeyring + ".gpg") && !File.Exists(DefaultKeyring + ".pgp"))
        {
            packages.Add("debian-archive-keyring");
        }

        return packages;
    }

    /// <summary>Makes guests. Each replaces an earlier one of its name only once it is complete.</summary>
    /// <param name="kinds">What to make.</param>
    /// <param name="progress">Receives what is being done; calls may come from other threads.</param>
    /// <param name="cancellation">Stops the build; running programs are killed.</param>
    /// <returns>The guests made, in the order of <paramref name="kinds"/>, with absolute paths.</returns>
    /// <exception cref="GuestBuildException">A tool is missing, no suite is usable, or there is no space.</exception>
    /// <exception cref="OperationCanceledException">The build was cancelled.</exception>
    public async Task<IReadOnlyList<GuestDescription>> BuildAsync(
        IReadOnlyList<GuestKind> kinds,
        IProgress<GuestBuildProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        bool fetches = kinds.Any(NeedsPackages);
        if (fetches)
        {
            ExternalTool.Require("apt-get", "apt-cache", "apt-config", "dpkg-deb", "xz");
        }

        if (kinds.Any(NeedsCompiler))
        {
            ExternalTool.Require(BenchPrograms.Compiler);
        }

        if (kinds.Contains(GuestKind.Disk))
        {
            DiskImageBuilder.RequireTools();
        }

        try
        {
            Directory.CreateDirectory(_options.OutputDirectory);
            Directory.CreateDirectory(_options.CacheDirectory);
            Selection? selection = fetches ? await SelectSuiteAsync(progress, cancellation).ConfigureAwait(false) : null;
            List<GuestDescription> made = [];
            string work = Path.Combine(_options.OutputDirectory, $".work-{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}");
            try
            {
                KernelParts? kernel = selection is null ? null : await UnpackKernelAsync(selection, Path.Combine(work, "unpacked"), progress, cancellation).ConfigureAwait(false);
                foreach (GuestKind kind in kinds.Distinct())
                {
                    made.Add(NeedsPackages(kind)
                        ? await MakeAsync(kind, selection!, kernel!, work, progress, cancellation).ConfigureAwait(false)
                        : await MakeVmmAsync(work, progress, cancellation).ConfigureAwait(false));
                }
            }
            finally
            {
                if (Directory.Exists(work))
                {
                    Directory.Delete(work, recursive: true);
                }
            }

            return made;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GuestBuildException(e.Message, "check the rights and the free space of the cache and output directories", e);
        }
    }

    private static bool NeedsPackages(GuestKind kind) => kind != GuestKind.Vmm;

    private static bool NeedsCompiler(GuestKind kind) => kind is GuestKind.Bench or GuestKind.Vmm;

    private async Task<Selection> SelectSuiteAsync(IProgress<GuestBuildProgress>? progress, CancellationToken cancellation)
    {
        progress?.Report(new GuestBuildProgress("Reading the host's apt configuration", 0, 0));
        HostAptConfiguration host = await HostAptConfiguration.ReadAsync(cancellation).ConfigureAwait(false);
        AptSource? archive = host.FindDebianArchive();
        string mirror = _options.Mirror ?? archive?.Uri ?? throw new GuestBuildException(
            "the host's apt configuration names no Debian archive",
            "give one with --mirror URL");
        CheckMirror(mirror);
        string origin = _options.Mirror is null ? $"host configuration, {archive!.Origin}" : "--mirror";
        string keyring = FindKeyring(archive);

        List<RejectedSuite> rejected = [];
        foreach (string suite in _options.Suites)
        {
            if (suite.Length == 0 || !suite.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.'))
            {
                throw new GuestBuildException($"'{suite}' is not the name of a suite", "give one such as --suite trixie");
            }

            progress?.Report(new GuestBuildProgress($"Fetching the package index of {suite}", 0, 0));
            AptRoot root = AptRoot.Create(
                Path.Combine(Path.GetFullPath(_options.CacheDirectory), "apt-" + suite),
                Path.Combine(Path.GetFullPath(_options.CacheDirectory), "archives"),
                host,
                mirror,
                suite,
                keyring);
            string? error = await root.UpdateAsync(cancellation).ConfigureAwait(false);
            IReadOnlyList<AptPackage> packages = [];
            if (error is null)
            {
                (packages, error) = await root.ResolveAsync([KernelPackage, BusyBoxPackage], cancellation).ConfigureAwait(false);
            }

            if (error is null)
            {
                return new Selection(root, suite, WithoutCredentials(mirror), origin, rejected, packages);
            }

            rejected.Add(new RejectedSuite(suite, error));
        }

        throw new GuestBuildException(
            rejected.Count == 0 ? "no suite was given" : "no suite is usable: " + string.Join("; ", rejected.Select(r => $"{r.Suite}: {r.Reason}")),
            "try again later, or give another --mirror or --suite");
    }

    private static void CheckMirror(string mirror)
    {
        // It becomes a line of a sources file and must not become two.
        if (mirror.Length == 0 || mirror.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)) || !mirror.Contains(':', StringComparison.Ordinal))
        {
            throw new GuestBuildException($"'{mirror}' is not the address of an archive", "give one as in sources.list, with --mirror URL");
        }
    }

    /// <summary>The address as it may be shown: a manifest is passed around, a password in it must not be.</summary>
    internal static string WithoutCredentials(string mirror)
    {
        int scheme = mirror.IndexOf("//", StringComparison.Ordinal);
        int at = scheme < 0 ? -1 : mirror.IndexOf('@', scheme);
        int path = scheme < 0 ? -1 : mirror.IndexOf('/', scheme + 2);
        return at > 0 && (path < 0 || at < path) ? mirror[..(scheme + 2)] + mirror[(at + 1)..] : mirror;
    }

    private static string FindKeyring(AptSource? archive)
    {
        IEnumerable<string> candidates = (archive?.KeyringFiles ?? []).Append(DefaultKeyring + ".gpg").Append(DefaultKeyring + ".pgp");
        return candidates.FirstOrDefault(File.Exists)
            ?? throw new GuestBuildException("Debian's archive keys are not installed", "install the Debian package debian-archive-keyring");
    }

    private static async Task<KernelParts> UnpackKernelAsync(Selection selection, string directory, IProgress<GuestBuildProgress>? progress, CancellationToken cancellation)
    {
        // The kernel's packages want an initramfs maker and udev, which a guest with its own initramfs does not.
        AptPackage[] wanted =
        [
            .. selection.Resolved.Where(package =>
                package.Name == BusyBoxPackage
                || (package.Name.StartsWith("linux-", StringComparison.Ordinal) && package.Name != "linux-base")),
        ];
        IReadOnlyList<AptPackage> packages = await selection.Root.DownloadAsync(wanted, "Fetching kernel and BusyBox", progress, cancellation).ConfigureAwait(false);
        await selection.Root.ExtractAsync(packages, directory, "Unpacking kernel and BusyBox", progress, cancellation).ConfigureAwait(false);
        string busybox = BusyBoxPlaces.Select(path => Path.Combine(directory, path)).FirstOrDefault(File.Exists)
            ?? throw new GuestBuildException($"{BusyBoxPackage} holds no busybox", "try another --suite");
        KernelPackageContent content = KernelPackageContent.Find(directory);
        progress?.Report(new GuestBuildProgress("Choosing kernel modules", 0, 0));
        IReadOnlyList<KernelModule> loaded = await content.LoadAsync(InitramfsBuilder.LoadedModules, cancellation).ConfigureAwait(false);
        IReadOnlyList<KernelModule> all = await content.LoadAsync([.. InitramfsBuilder.LoadedModules, .. InitramfsBuilder.CarriedModules], cancellation).ConfigureAwait(false);
        return new KernelParts(content, await File.ReadAllBytesAsync(busybox, cancellation).ConfigureAwait(false), loaded, all, packages);
    }

    private async Task<GuestDescription> MakeAsync(
        GuestKind kind,
        Selection selection,
        KernelParts kernel,
        string work,
        IProgress<GuestBuildProgress>? progress,
        CancellationToken cancellation)
    {
        string name = NameOf(kind);
        string made = Path.Combine(work, name);
        Directory.CreateDirectory(made);
        File.Copy(kernel.Content.Image, Path.Combine(made, "vmlinuz"), overwrite: true);
        CpioArchive archive = InitramfsBuilder.Build(kernel.Content.Release, kernel.BusyBox, kernel.Loaded, kernel.All);
        List<AptPackage> packages = [.. kernel.Packages];
        string append = string.Empty;
        switch (kind)
        {
            case GuestKind.Bench:
                await BenchPrograms.AddToAsync(archive, Path.Combine(work, "programs"), _options.ExtraPrograms, progress, cancellation).ConfigureAwait(false);
                append = "covejit.run=\"/bench/run\"";
                break;
            case GuestKind.Nested:
                packages.AddRange(await NestedGuest.AddToAsync(
                    archive, selection.Root, kernel.Content.Image, Path.Combine(work, "nested-parts"), progress, cancellation).ConfigureAwait(false));
                append = "covejit.run=\"/nested/run\"";
                break;
            case GuestKind.Disk:
                packages.AddRange(await DiskImageBuilder.BuildAsync(
                    selection.Root,
                    selection.Suite,
                    selection.Mirror,
                    kernel.Content,
                    kernel.All,
                    Path.Combine(work, "rootfs"),
                    Path.Combine(made, "disk.img"),
                    _options,
                    progress,
                    cancellation).ConfigureAwait(false));
                append = DiskImageBuilder.Append;
                break;
        }

        progress?.Report(new GuestBuildProgress($"Writing guest {name}", 0, 0));
        InitramfsBuilder.WriteCompressed(archive, Path.Combine(made, "initrd.gz"));
        List<ManifestFile> files = [];
        foreach (string file in Directory.GetFiles(made).Order(StringComparer.Ordinal))
        {
            using FileStream stream = File.OpenRead(file);
            byte[] hash = await SHA256.HashDataAsync(stream, cancellation).ConfigureAwait(false);
            files.Add(new ManifestFile(Path.GetFileName(file), Convert.ToHexStringLower(hash), stream.Length));
        }

        GuestManifest manifest = new()
        {
            Name = name,
            BuilderVersion = BuilderVersion,
            Suite = selection.Suite,
            Mirror = selection.Mirror,
            MirrorOrigin = selection.MirrorOrigin,
            RejectedSuites = selection.Rejected,
            KernelRelease = kernel.Content.Release,
            Modules = [.. kernel.All.Select(module => module.Name)],
            Packages =
            [
                .. packages.DistinctBy(package => package.Name).OrderBy(package => package.Name, StringComparer.Ordinal)
                    .Select(package => new ManifestPackage(package.Name, package.Version, package.Architecture, package.Sha256, package.SizeBytes)),
            ],
            Files = files,
        };
        GuestDescription description = new()
        {
            Name = name,
            Kernel = $"{name}/vmlinuz",
            Initrd = $"{name}/initrd.gz",
            Disk = kind == GuestKind.Disk ? $"{name}/disk.img" : null,
            Append = append,
            ReadyMarker = kind == GuestKind.Disk ? DiskImageBuilder.ReadyMarker : ReadyMarker,
            Manifest = $"{name}/manifest.json",
            Sources = GuestSources.DigestOf(kind),
        };
        await File.WriteAllTextAsync(Path.Combine(made, "manifest.json"), JsonSerializer.Serialize(manifest, GuestJson.Files.GuestManifest) + "\n", cancellation).ConfigureAwait(false);

        return await InstallAsync(description, made, cancellation).ConfigureAwait(false);
    }

    private async Task<GuestDescription> MakeVmmAsync(string work, IProgress<GuestBuildProgress>? progress, CancellationToken cancellation)
    {
        string name = NameOf(GuestKind.Vmm);
        string made = Path.Combine(work, name);
        Directory.CreateDirectory(made);
        progress?.Report(new GuestBuildProgress("Compiling the hypervisor and the shim", 0, 0));
        await VmmBuilder.CompileAsync(Path.Combine(work, "sources"), Path.Combine(made, name), Path.Combine(made, VmmBuilder.ShimName), cancellation).ConfigureAwait(false);
        GuestDescription description = new()
        {
            Name = name,
            Kernel = $"{name}/{name}",
            Append = string.Empty,
            ReadyMarker = "[vmm] ",
            Sources = GuestSources.DigestOf(GuestKind.Vmm),
        };
        return await InstallAsync(description, made, cancellation).ConfigureAwait(false);
    }

    // Puts a guest's directory and its description where guests are.
    private async Task<GuestDescription> InstallAsync(GuestDescription description, string made, CancellationToken cancellation)
    {
        string name = description.Name;
        cancellation.ThrowIfCancellationRequested();
        string target = Path.Combine(_options.OutputDirectory, name);
        if (Directory.Exists(target))
        {
            Directory.Delete(target, recursive: true);
        }

        Directory.Move(made, target);
        string descriptionFile = Path.Combine(_options.OutputDirectory, name + ".json");
        await File.WriteAllTextAsync(descriptionFile, JsonSerializer.Serialize(description, GuestJson.Files.GuestDescription) + "\n", cancellation).ConfigureAwait(false);
        return GuestDescription.Load(descriptionFile);
    }

    private static string BuilderVersion =>
        Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>The suite that is used, and how it was come by.</summary>
    private sealed record Selection(
        AptRoot Root,
        string Suite,
        string Mirror,
        string MirrorOrigin,
        IReadOnlyList<RejectedSuite> Rejected,
        IReadOnlyList<AptPackage> Resolved);

    /// <summary>What every guest is made of.</summary>
    private sealed record KernelParts(
        KernelPackageContent Content,
        byte[] BusyBox,
        IReadOnlyList<KernelModule> Loaded,
        IReadOnlyList<KernelModule> All,
        IReadOnlyList<AptPackage> Packages);
}
