using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using CoveJit.Guests;

namespace CoveJit.EndToEnd.Tests;

/// <summary>
/// Debian with systemd, its root on VirtIO-blk. The test works on a copy of the image as it is: freshly built, it finishes its
/// installation here, which takes minutes.
/// </summary>
public sealed class DiskGuestTests(Hypervisor hypervisor) : IClassFixture<Hypervisor>, IDisposable
{
    private const int InstallSeconds = 3600;
    private const int BootSeconds = 600;
    private const int CommandSeconds = 300;
    private const int MiB = 1 << 20;
    private const string E2fsck = "/usr/sbin/e2fsck";

    private readonly TemporaryDirectory _directory = new();
    private int _commands;

    /// <summary>The guest's description.</summary>
    public static string DescriptionFile { get; } = Path.Combine(DefaultGuest.Directory, "disk.json");

    public void Dispose() => _directory.Dispose();

    [DiskGuestFact(E2fsck, LoopbackServer.LibSlirp)]
    public void Debian_boots_installs_from_the_hosts_loopback_reboots_switches_off_and_survives_being_killed()
    {
        (string guest, string disk) = CopyGuest();
        byte[] content = new byte[16 * MiB];
        new Random(5).NextBytes(content);
        string digest = Convert.ToHexStringLower(SHA256.HashData(content));
        Dictionary<string, byte[]> files = DebianArchive.Of("covejit-test", "/usr/share/covejit-test", "from the archive\n"u8.ToArray());
        files["/large"] = content;
        using LoopbackServer server = new(files);
        int port = LoopbackServer.FreePort();

        using (CoveJitProcess machine = CoveJitProcess.Start(
            "run", "--guest", guest, "--smp", "2", "--net", string.Create(CultureInfo.InvariantCulture, $"user,hostfwd=tcp:127.0.0.1:{port}-:8080")))
        {
            Login(machine, InstallSeconds);
            Assert.Equal("running", Shell(machine, "systemctl is-system-running --wait"));
            string url = string.Create(CultureInfo.InvariantCulture, $"http://10.0.2.2:{server.Port}");

            // apt as usual, but for its sources: those of the image are left as they are.
            string apt = "-o Dir::Etc::SourceList=/root/test.list -o Dir::Etc::SourceParts=/nonexistent -q";
            Shell(machine, $"echo 'deb [trusted=yes] {url}/ ./' > /root/test.list");
            Shell(machine, $"apt-get {apt} update && DEBIAN_FRONTEND=noninteractive apt-get {apt} install -y covejit-test");
            Assert.Equal("from the archive", Shell(machine, "cat /usr/share/covejit-test"));
            Shell(machine, $"/usr/lib/apt/apt-helper -q download-file {url}/large /root/large SHA256:{digest}");
            Assert.Equal($"{digest}  /root/large", Shell(machine, "sha256sum /root/large"));

            Shell(machine, "systemd-run --unit forwarded systemd-socket-activate --inetd --accept --listen 8080 cat /root/large; until grep -q :1F90 /proc/net/tcp*; do sleep 1; done");
            Assert.Equal(digest, Convert.ToHexStringLower(SHA256.HashData(Receive(port))));

            machine.Type("reboot\n");
            Login(machine, BootSeconds);
            Assert.Equal($"{digest}  /root/large", Shell(machine, "sha256sum /root/large"));
            Assert.Equal("0", Shell(machine, "systemctl --failed --no-legend | wc -l"));
            machine.Type("poweroff\n");
            Assert.Equal(0, machine.WaitForExit(CommandSeconds));
            Assert.Equal(string.Empty, machine.Error);
        }

        Assert.Equal(0, Check(disk, "-n"));
        using (CoveJitProcess machine = CoveJitProcess.Start("run", "--guest", guest))
        {
            Login(machine, BootSeconds);
            Shell(machine, "echo kept > /root/kept; sync; (while :; do cp /root/large /root/copy; done) & sleep 3");
            machine.Signal("KILL");
            machine.WaitForExit(CommandSeconds);
        }

        // Status 1: the journal was replayed, nothing else was wrong. Then nothing is left to mend.
        Assert.InRange(Check(disk, "-p"), 0, 1);
        Assert.Equal(0, Check(disk, "-n"));
        using (CoveJitProcess machine = CoveJitProcess.Start("run", "--guest", guest))
        {
            Login(machine, BootSeconds);
            Assert.Equal("kept", Shell(machine, "cat /root/kept"));
            Assert.Equal($"{digest}  /root/large", Shell(machine, "sha256sum /root/large"));
            machine.Type("poweroff\n");
            Assert.Equal(0, machine.WaitForExit(CommandSeconds));
        }
    }

    // The disk is reached through the hypervisor, and by the confidential one through its window.
    [DiskGuestFact(Hypervisor.Compiler)]
    public void Debian_boots_in_virtual_machines_of_both_kinds()
    {
        (string guest, string disk) = CopyGuest();
        foreach (string kind in (string[])["plain", "confidential"])
        {
            using CoveJitProcess machine = CoveJitProcess.Start("run", "--vmm", hypervisor.Program, "--guest", guest, "--vm", $"{kind},memory=512M");
            Login(machine, InstallSeconds);
            Shell(machine, "dd if=/dev/urandom of=/root/some bs=1M count=16 && sha256sum /root/some > /root/sum && sync && echo 3 > /proc/sys/vm/drop_caches && sha256sum -c /root/sum");
            machine.Type("poweroff\n");
            Assert.Equal(0, machine.WaitForExit(CommandSeconds));
            Assert.Equal(string.Empty, machine.Error);
            Assert.DoesNotContain("not in shared memory", machine.Output, StringComparison.Ordinal);
            IReadOnlyList<JsonElement> statistics = Hypervisor.Statistics(machine.Output);
            Assert.Equal((kind, "shutdown"), (statistics[0].GetProperty("kind").GetString(), statistics[0].GetProperty("end").GetString()));
            Assert.Equal(0, statistics[^1].GetProperty("machine").GetProperty("pages_lost").GetInt64());
        }

        if (File.Exists(E2fsck))
        {
            Assert.Equal(0, Check(disk, "-n"));
        }
    }

    private static void Login(CoveJitProcess machine, int seconds)
    {
        machine.WaitFor("covejit login:", seconds);
        machine.Type("root\n");
        machine.WaitFor("# ", CommandSeconds);
    }

    private static byte[] Receive(int port)
    {
        using TcpClient client = new("127.0.0.1", port);
        using MemoryStream received = new();
        client.GetStream().CopyTo(received);
        return received.ToArray();
    }

    private static int Check(string disk, string mode)
    {
        using Process check = Process.Start(new ProcessStartInfo(E2fsck, ["-f", mode, disk]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        check.StandardOutput.ReadToEnd();
        check.WaitForExit();
        return check.ExitCode;
    }

    /// <summary>Runs a command in the guest, which must succeed; returns the last line it printed.</summary>
    private string Shell(CoveJitProcess machine, string command)
    {
        // Quoted, so that the echo of the typed line is not taken for the result.
        string mark = string.Create(CultureInfo.InvariantCulture, $"done{++_commands}:");
        machine.Type(string.Create(CultureInfo.InvariantCulture, $"{command}; status=$?; echo; echo do''ne{_commands}:$status:\n"));
        string output = machine.WaitFor(mark, CommandSeconds);
        Assert.True(machine.WaitFor(":", CommandSeconds) == "0", $"'{command}' failed:\n{output}");
        return output.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries)[^1];
    }

    // The image has holes, which cp keeps.
    private (string Description, string Disk) CopyGuest()
    {
        GuestDescription guest = GuestDescription.Load(DescriptionFile);
        string disk = _directory.File("disk.img");
        using Process copy = Process.Start("cp", ["--sparse=always", guest.Disk!, disk]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
        File.WriteAllText(_directory.File("disk.json"), JsonSerializer.Serialize(guest with { Disk = disk }, JsonSerializerOptions.Web));
        return (_directory.File("disk.json"), disk);
    }
}
