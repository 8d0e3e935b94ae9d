using CoveJit.Guests.Apt;
using CoveJit.Guests.Cpio;

namespace CoveJit.Guests;

/// <summary>Puts Debian's riscv64 QEMU into the initramfs, with a kernel and an initramfs for a virtual machine under the guest's own KVM.</summary>
internal static class NestedGuest
{
    private const string Package = "qemu-system-riscv";
    private const string Program = "usr/bin/qemu-system-riscv64";
    private const string Loader = "ld-linux-riscv64-lp64d.so.1";

    // Where Debian's packages have libraries; the loader is found under lib, which is usr/lib in newer packages.
    private static readonly string[] LibraryPlaces = ["usr/lib/riscv64-linux-gnu", "lib/riscv64-linux-gnu", "usr/lib", "lib"];

    /// <summary>Fetches QEMU and what it needs, and adds it and the nested guest's files.</summary>
    /// <param name="archive">The guest's initramfs so far; packed as it is, it is the nested guest's.</param>
    /// <param name="root">Where packages come from.</param>
    /// <param name="kernel">The kernel's file.</param>
    /// <param name="work">Directory to unpack in.</param>
    /// <param name="progress">Receives what is being done.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <returns>The packages used.</returns>
    /// <exception cref="GuestBuildException">The packages cannot be had, or do not hold what they should.</exception>
    public static async Task<IReadOnlyList<AptPackage>> AddToAsync(
        CpioArchive archive, AptRoot root, string kernel, string work, IProgress<GuestBuildProgress>? progress, CancellationToken cancellation)
    {
        Directory.CreateDirectory(work);
        string initrd = Path.Combine(work, "initrd.gz");
        InitramfsBuilder.WriteCompressed(archive, initrd);
        (IReadOnlyList<AptPackage> resolved, string? error) = await root.ResolveAsync([Package], cancellation).ConfigureAwait(false);
        if (error is not null)
        {
            throw new GuestBuildException($"{Package} cannot be installed: {error}", "try another --suite");
        }

        // Libraries, and QEMU itself; not its data, nor what maintainer scripts use.
        AptPackage[] wanted = [.. resolved.Where(package => package.Name == Package || package.Name.StartsWith("lib", StringComparison.Ordinal) || package.Name == "zlib1g")];
        IReadOnlyList<AptPackage> packages = await root.DownloadAsync(wanted, "Fetching QEMU", progress, cancellation).ConfigureAwait(false);
        string tree = Path.Combine(work, "tree");
        await root.ExtractAsync(packages, tree, "Unpacking QEMU", progress, cancellation).ConfigureAwait(false);
        await AddProgramAsync(archive, tree, cancellation).ConfigureAwait(false);
        archive.AddFile("nested/vmlinuz", await File.ReadAllBytesAsync(kernel, cancellation).ConfigureAwait(false));
        archive.AddFile("nested/initrd.gz", await File.ReadAllBytesAsync(initrd, cancellation).ConfigureAwait(false));
        archive.AddFile("nested/run", InitramfsBuilder.Resource("nested/run"), executable: true);
        return packages;
    }

    // QEMU and, transitively, the libraries that it names.
    private static async Task AddProgramAsync(CpioArchive archive, string tree, CancellationToken cancellation)
    {
        byte[] program = await ReadAsync(Path.Combine(tree, Program), cancellation).ConfigureAwait(false);
        archive.AddFile(Program, program, executable: true);
        HashSet<string> added = [Loader];
        archive.AddFile("lib/" + Loader, await ReadAsync(Find(tree, Loader), cancellation).ConfigureAwait(false), executable: true);
        Queue<string> pending = new(SharedLibraries.NeededBy(program));
        while (pending.TryDequeue(out string? name))
        {
            if (added.Add(name))
            {
                byte[] library = await ReadAsync(Find(tree, name), cancellation).ConfigureAwait(false);
                archive.AddFile("lib/" + name, library, executable: true);
                foreach (string needed in SharedLibraries.NeededBy(library))
                {
                    pending.Enqueue(needed);
                }
            }
        }
    }

    private static string Find(string tree, string name) =>
        LibraryPlaces.Select(place => Path.Combine(tree, place, name)).FirstOrDefault(File.Exists)
        ?? throw new GuestBuildException($"no package of {Package} holds {name}", "try another --suite");

    private static async Task<byte[]> ReadAsync(string file, CancellationToken cancellation) =>
        File.Exists(file) ? await File.ReadAllBytesAsync(file, cancellation).ConfigureAwait(false)
        : throw new GuestBuildException($"{Package} holds no {Program}", "try another --suite");
}
