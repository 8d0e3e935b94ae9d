using System.Text;

namespace CoveJit.Guests.Kernel;

/// <summary>An unpacked Debian kernel: its image and its modules. Where both lie differs between suites.</summary>
internal sealed class KernelPackageContent
{
    private readonly Dictionary<string, string> _modules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _contents = new(StringComparer.Ordinal);

    private KernelPackageContent(string release, string image, string moduleDirectory)
    {
        Release = release;
        Image = image;
        ModuleDirectory = moduleDirectory;
    }

    /// <summary>Kernel release, as <c>uname -r</c> prints it.</summary>
    public string Release { get; }

    /// <summary>Kernel image on the host.</summary>
    public string Image { get; }

    /// <summary>Directory of the modules on the host, <c>.../lib/modules/RELEASE</c>.</summary>
    public string ModuleDirectory { get; }

    /// <summary>Finds kernel and modules below a directory of unpacked packages.</summary>
    /// <exception cref="GuestBuildException">There is no kernel.</exception>
    public static KernelPackageContent Find(string root)
    {
        string[] places = [Path.Combine(root, "usr", "lib", "modules"), Path.Combine(root, "lib", "modules")];
        foreach (string directory in places.Where(Directory.Exists).SelectMany(Directory.GetDirectories).Order(StringComparer.Ordinal))
        {
            string release = Path.GetFileName(directory);
            string[] images =
            [
                Path.Combine(directory, "vmlinuz"),
                Path.Combine(root, "boot", "vmlinuz-" + release),
                Path.Combine(root, "boot", "vmlinux-" + release),
                Path.Combine(root, "boot", "Image-" + release),
            ];
            if (Directory.Exists(Path.Combine(directory, "kernel")) && Array.Find(images, File.Exists) is { } image)
            {
                KernelPackageContent content = new(release, image, directory);
                foreach (string file in Directory.EnumerateFiles(Path.Combine(directory, "kernel"), "*.ko*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
                {
                    string name = Path.GetFileName(file);
                    content._modules.TryAdd(ModuleInfo.Normalise(name[..name.IndexOf(".ko", StringComparison.Ordinal)]), file);
                }

                return content;
            }
        }

        throw new GuestBuildException("the kernel packages hold no kernel image", "try another --suite");
    }

    /// <summary>Unpacks the wanted modules and all they need, in load order. Names that do not exist or are built in are left out.</summary>
    public async Task<IReadOnlyList<KernelModule>> LoadAsync(IReadOnlyList<string> wanted, CancellationToken cancellation)
    {
        // The sort is synchronous, so bring in whatever it may ask for first, level by level.
        Dictionary<string, ModuleInfo> known = new(StringComparer.Ordinal);
        Queue<string> queue = new(wanted.Select(ModuleInfo.Normalise));
        while (queue.TryDequeue(out string? name))
        {
            if (known.ContainsKey(name) || !_modules.TryGetValue(name, out string? file))
            {
                continue;
            }

            ModuleInfo info = ModuleInfo.Read(await ContentAsync(name, file, cancellation).ConfigureAwait(false));
            known[name] = info;
            foreach (string next in info.Depends.Concat(info.SoftPre))
            {
                queue.Enqueue(next);
            }
        }

        List<KernelModule> modules = [];
        foreach (string name in ModuleOrder.Sort(wanted, known.GetValueOrDefault))
        {
            string path = Path.GetRelativePath(ModuleDirectory, _modules[name]);
            path = path[..(path.LastIndexOf(".ko", StringComparison.Ordinal) + 3)];
            modules.Add(new KernelModule(name, path, _contents[name], known[name].Depends));
        }

        return modules;
    }

    /// <summary>The <c>modules.dep</c> that modprobe reads: each module with all it needs, nearest first.</summary>
    public static string ModulesDep(IReadOnlyList<KernelModule> modules)
    {
        Dictionary<string, KernelModule> byName = modules.ToDictionary(module => module.Name, StringComparer.Ordinal);
        StringBuilder text = new();
        foreach (KernelModule module in modules)
        {
            List<string> needs = [];
            Collect(module);
            text.Append(module.Path).Append(':');
            foreach (string need in needs)
            {
                text.Append(' ').Append(need);
            }

            text.Append('\n');

            void Collect(KernelModule of)
            {
                foreach (string name in of.Depends)
                {
                    if (byName.TryGetValue(name, out KernelModule? need))
                    {
                        // What was seen before has to be loaded even earlier now.
                        needs.Remove(need.Path);
                        needs.Add(need.Path);
                        Collect(need);
                    }
                }
            }
        }

        return text.ToString();
    }

    private async Task<byte[]> ContentAsync(string name, string file, CancellationToken cancellation)
    {
        if (_contents.TryGetValue(name, out byte[]? content))
        {
            return content;
        }

        string plain = file;
        if (file.EndsWith(".xz", StringComparison.Ordinal))
        {
            await ExternalTool.RunCheckedAsync("xz", ["--decompress", "--keep", "--force", file], cancellation).ConfigureAwait(false);
            plain = file[..^3];
        }
        else if (!file.EndsWith(".ko", StringComparison.Ordinal))
        {
            throw new GuestBuildException($"module {Path.GetFileName(file)} is compressed in an unknown way", "try another --suite");
        }

        content = await File.ReadAllBytesAsync(plain, cancellation).ConfigureAwait(false);
        if (plain != file)
        {
            File.Delete(plain);
        }

        _contents[name] = content;
        return content;
    }
}
