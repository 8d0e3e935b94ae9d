using System.Text;
using System.Text.Json;
using CoveJit.Guests.Cpio;
using CoveJit.Guests.Kernel;

namespace CoveJit.Guests.Tests;

public sealed class GuestFilesTests
{
    [Fact]
    public async Task The_hypervisor_is_compiled_from_sources_that_its_description_names()
    {
        if (GuestBuilder.MissingPackages([GuestKind.Vmm]) is { Count: > 0 } missing)
        {
            Assert.Equal(["gcc-riscv64-linux-gnu"], missing);
            return;
        }

        using TemporaryDirectory directory = new();
        GuestBuilder builder = new(new GuestBuilderOptions { OutputDirectory = directory.Path });
        GuestDescription made = Assert.Single(await builder.BuildAsync([GuestKind.Vmm]));
        Assert.Equal(GuestSources.DigestOf(GuestKind.Vmm), made.Sources);
        Assert.Equal("\u007fELF"u8.ToArray(), File.ReadAllBytes(made.Kernel)[..4]);
        Assert.Equal(made, GuestDescription.Load(Path.Combine(directory.Path, "vmm.json")));
    }

    [Fact]
    public void A_manifest_accounts_for_packages_and_for_rejected_suites()
    {
        GuestManifest manifest = new()
        {
            Name = "default",
            BuilderVersion = "1",
            Suite = "forky",
            Mirror = "http://mirror.test/debian",
            MirrorOrigin = "--mirror",
            RejectedSuites = [new("trixie", "File has unexpected size")],
            KernelRelease = "7.2.12+deb14-riscv64",
            Modules = ["virtio_mmio"],
            Packages = [new("busybox-static", "1:1.38.0-3+b1", "riscv64", "f71e", 953700)],
            Files = [new("vmlinuz", "e217", 36652032)],
        };

        string json = JsonSerializer.Serialize(manifest, GuestJson.Files.GuestManifest);

        Assert.Contains("\"reason\": \"File has unexpected size\"", json, StringComparison.Ordinal);
        Assert.Contains("\"kernelRelease\": \"7.2.12+deb14-riscv64\"", json, StringComparison.Ordinal);
        GuestManifest read = JsonSerializer.Deserialize(json, GuestJson.Default.GuestManifest)!;
        Assert.Equal(manifest.Packages, read.Packages);
        Assert.Equal(manifest.Files, read.Files);
        Assert.Equal(manifest.RejectedSuites, read.RejectedSuites);
    }

    [Fact]
    public void A_description_is_relative_on_disk_and_absolute_once_read()
    {
        using TemporaryDirectory directory = new();
        directory.Write("default.json", """
            {"schema":1,"name":"default","kernel":"default/vmlinuz","initrd":"default/initrd.gz","append":"x","readyMarker":"r","manifest":"default/manifest.json"}
            """);

        GuestDescription read = GuestDescription.Load(Path.Combine(directory.Path, "default.json"));

        Assert.Equal(Path.Combine(directory.Path, "default/vmlinuz"), read.Kernel);
        Assert.Equal(Path.Combine(directory.Path, "default/initrd.gz"), read.Initrd);
        Assert.Null(read.Disk);
        Assert.Equal("x", read.Append);
    }

    [Theory]
    [InlineData(null, "there is no guest")]
    [InlineData("not json", "is not a guest description")]
    [InlineData("{}", "is not a guest description")]
    [InlineData("""{"schema":2,"name":"d","kernel":"k","append":"","readyMarker":"","manifest":"m"}""", "another version")]
    public void A_bad_description_says_how_to_make_a_good_one(string? content, string cause)
    {
        using TemporaryDirectory directory = new();
        if (content is not null)
        {
            directory.Write("default.json", content);
        }

        GuestBuildException e = Assert.Throws<GuestBuildException>(() => GuestDescription.Load(Path.Combine(directory.Path, "default.json")));

        Assert.Contains(cause, e.Cause, StringComparison.Ordinal);
        Assert.Contains("covejit guest build", e.Mend, StringComparison.Ordinal);
    }

    [Fact]
    public void The_initramfs_has_what_the_kernel_and_init_look_for()
    {
        KernelModule loaded = new("virtio_mmio", "kernel/drivers/virtio/virtio_mmio.ko", [1], []);
        KernelModule carried = new("kvm", "kernel/arch/riscv/kvm/kvm.ko", [2], []);

        Dictionary<string, CpioEntry> entries = InitramfsBuilder.Build("7.2", [0x7F], [loaded], [loaded, carried])
            .Entries.ToDictionary(entry => entry.Path, StringComparer.Ordinal);

        Assert.Equal((5u, 1u), (entries["dev/console"].DeviceMajor, entries["dev/console"].DeviceMinor));
        Assert.Equal(CpioEntry.TypeRegular | 0x1EDu, entries["init"].Mode);
        Assert.Equal("kernel/drivers/virtio/virtio_mmio.ko\n", Encoding.UTF8.GetString(entries["etc/modules.load"].Content.Span));
        Assert.Contains("lib/modules/7.2/kernel/arch/riscv/kvm/kvm.ko", entries.Keys);
        Assert.Contains("CoveJit guest ready", Encoding.UTF8.GetString(entries["init"].Content.Span), StringComparison.Ordinal);
    }

    [Fact]
    public void Compressed_archives_are_the_same_every_time()
    {
        using TemporaryDirectory directory = new();
        CpioArchive archive = new();
        archive.AddFile("a", Enumerable.Range(0, 100000).Select(i => (byte)(i * i)).ToArray());
        string one = Path.Combine(directory.Path, "one");
        string two = Path.Combine(directory.Path, "two");

        InitramfsBuilder.WriteCompressed(archive, one);
        InitramfsBuilder.WriteCompressed(archive, two);

        Assert.Equal(File.ReadAllBytes(one), File.ReadAllBytes(two));
    }

    [Fact]
    public async Task A_missing_program_is_reported_with_its_package()
    {
        const string Gone = "covejit-no-such-program";

        GuestBuildException e = Assert.Throws<GuestBuildException>(() => ExternalTool.Require(Gone));
        Assert.Equal(($"{Gone} is not installed", $"install the program {Gone}"), (e.Cause, e.Mend));
        await Assert.ThrowsAsync<GuestBuildException>(() => ExternalTool.RunAsync(Gone, [], CancellationToken.None));
    }

    [Theory]
    [InlineData("xz", "install the Debian package xz-utils")]
    [InlineData("apt-get", "install the Debian package apt")]
    [InlineData("mke2fs", "install the Debian package e2fsprogs")]
    [InlineData("riscv64-linux-gnu-gcc", "install the Debian package gcc-riscv64-linux-gnu")]
    public void Each_tool_is_known_by_its_package(string program, string mend)
    {
        Assert.Equal(mend, ExternalTool.MendFor(program));
    }

    [Fact]
    public async Task A_program_is_killed_on_cancellation()
    {
        using CancellationTokenSource source = new();
        TaskCompletionSource started = new();
        Task<ToolResult> run = ExternalTool.RunAsync("sh", ["-c", "echo started; exec sleep 600"], source.Token, onOutput: _ => started.TrySetResult());
        await started.Task;
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    [Fact]
    public void Apt_errors_are_preferred_to_its_warnings()
    {
        Assert.Equal("E: gone", new ToolResult(100, "", "W: old\nE: gone\nE: more\n").FirstError);
        Assert.Equal("no message", new ToolResult(1, "", "").FirstError);
    }

    [Theory]
    [InlineData("http://mirror.test/debian", "http://mirror.test/debian")]
    [InlineData("https://me:secret@mirror.test/debian", "https://mirror.test/debian")]
    [InlineData("http://mirror.test/a@b", "http://mirror.test/a@b")]
    [InlineData("file:/srv/debian", "file:/srv/debian")]
    public void Passwords_stay_out_of_manifests(string mirror, string shown)
    {
        Assert.Equal(shown, GuestBuilder.WithoutCredentials(mirror));
    }

    [Theory]
    [InlineData("no address")]
    [InlineData("http://m.test/debian\nTrusted: yes")]
    public async Task A_mirror_cannot_smuggle_options_into_the_sources(string mirror)
    {
        if (!File.Exists("/usr/bin/apt-get"))
        {
            return;
        }

        using TemporaryDirectory directory = new();
        GuestBuilder builder = new(new GuestBuilderOptions { Mirror = mirror, CacheDirectory = directory.Path, OutputDirectory = directory.Path });

        GuestBuildException e = await Assert.ThrowsAsync<GuestBuildException>(() => builder.BuildAsync([GuestKind.Initramfs]));

        Assert.Contains("is not the address of an archive", e.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unpacked_package_in_the_status_file()
    {
        Assert.Equal(
            "Package: x\nStatus: install ok unpacked\nVersion: 1\nDescription: y\n more\nConffiles:\n /etc/x d41d\n\n",
            DiskImageBuilder.StatusStanza("Package: x\nVersion: 1\nDescription: y\n more\n", [("/etc/x", "d41d")]));
    }

    [Theory]
    [InlineData("interest-noawait /usr/lib/systemd/catalog", "File", "/usr/lib/systemd/catalog p/noawait")]
    [InlineData("interest ldconfig", "ldconfig", "p")]
    [InlineData("activate-noawait ldconfig", null, null)]
    [InlineData("# comment", null, null)]
    public void Triggers(string directive, string? file, string? line)
    {
        (string File, string Line)? read = DiskImageBuilder.TriggerLine("p", directive);

        Assert.Equal((file, line), (read?.File, read?.Line));
    }
}
