using System.IO.Compression;
using System.Reflection;
using System.Text;
using CoveJit.Guests.Cpio;
using CoveJit.Guests.Kernel;

namespace CoveJit.Guests;

/// <summary>Lays out the initramfs: BusyBox, modules, device nodes and the scripts of <c>guest/initramfs</c>.</summary>
internal static class InitramfsBuilder
{
    /// <summary>
    /// Modules that <c>/init</c> loads, where the kernel does not have them built in. Linux 6.12's ext4 asks for crc32c by an alias
    /// (<c>crypto-crc32c</c>), and aliases are not resolved here: the module that has it is named.
    /// </summary>
    public static readonly IReadOnlyList<string> LoadedModules =
    [
        "virtio_mmio", "virtio_pci", "virtio_console", "virtio_rng", "virtio_blk",
        "failover", "net_failover", "virtio_net", "nvme", "crc32c_generic", "ext4",
    ];

    /// <summary>Modules that are there for modprobe.</summary>
    public static readonly IReadOnlyList<string> CarriedModules =
    [
        "9p", "9pnet_virtio", "dm_crypt", "xts", "aes", "aes_generic", "sha256", "cbc", "ecb", "essiv", "algif_skcipher", "tls", "gcm", "ghash_generic",
        "kvm", "virtio_balloon", "virtio_scsi", "overlay", "loop", "autofs4", "binfmt_misc",
    ];

    private static readonly string[] Directories =
    [
        "bin", "sbin", "dev", "dev/pts", "etc", "lib", "mnt", "newroot", "proc", "root", "run", "sys", "tmp", "usr/bin", "usr/sbin", "var",
    ];

    /// <summary>Makes the archive.</summary>
    /// <param name="release">Kernel release.</param>
    /// <param name="busybox">The statically linked BusyBox.</param>
    /// <param name="loaded">Modules to load at boot, in order.</param>
    /// <param name="all">These and the carried ones, in load order.</param>
    public static CpioArchive Build(string release, byte[] busybox, IReadOnlyList<KernelModule> loaded, IReadOnlyList<KernelModule> all)
    {
        CpioArchive archive = new();
        foreach (string directory in Directories)
        {
            archive.AddDirectory(directory);
        }

        archive.AddCharacterDevice("dev/console", 5, 1, 0x180);
        archive.AddCharacterDevice("dev/null", 1, 3, 0x1B6);
        archive.AddCharacterDevice("dev/zero", 1, 5, 0x1B6);
        archive.AddCharacterDevice("dev/kmsg", 1, 11, 0x1A4);
        archive.AddCharacterDevice("dev/urandom", 1, 9, 0x1B6);
        archive.AddCharacterDevice("dev/tty", 5, 0, 0x1B6);
        archive.AddFile("bin/busybox", busybox, executable: true);
        archive.AddSymbolicLink("bin/sh", "busybox");
        archive.AddFile("init", Resource("initramfs/init"), executable: true);
        archive.AddFile("etc/udhcpc.script", Resource("initramfs/udhcpc.script"), executable: true);
        archive.AddFile("etc/passwd", "root::0:0:root:/root:/bin/sh\n"u8.ToArray());
        archive.AddFile("etc/group", "root:x:0:\n"u8.ToArray());
        archive.AddFile("etc/hostname", "covejit\n"u8.ToArray());
        archive.AddFile("etc/hosts", "127.0.0.1 localhost covejit\n"u8.ToArray());

        string directoryOfModules = $"lib/modules/{release}";
        StringBuilder order = new();
        foreach (KernelModule module in loaded)
        {
            order.Append(module.Path).Append('\n');
        }

        foreach (KernelModule module in all)
        {
            archive.AddFile($"{directoryOfModules}/{module.Path}", module.Content);
        }

        archive.AddFile($"{directoryOfModules}/modules.dep", Encoding.UTF8.GetBytes(KernelPackageContent.ModulesDep(all)));
        archive.AddFile("etc/modules.load", Encoding.UTF8.GetBytes(order.ToString()));
        return archive;
    }

    /// <summary>Writes an archive through gzip. .NET writes no time and no name into the gzip header, so equal archives make equal files.</summary>
    public static void WriteCompressed(CpioArchive archive, string file)
    {
        using FileStream stream = File.Create(file);
        using GZipStream gzip = new(stream, CompressionLevel.Optimal);
        using BufferedStream buffered = new(gzip, 1 << 16);
        archive.WriteTo(buffered);
    }

    /// <summary>Reads a guest-side source from this assembly.</summary>
    public static byte[] Resource(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"the resource {name} is missing from the assembly");
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    /// <summary>Names of the guest-side sources below a prefix.</summary>
    public static IReadOnlyList<string> ResourceNames(string prefix) =>
        [.. Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
