using System.Globalization;
using System.Security.Cryptography;

namespace CoveJit.EndToEnd.Tests;

/// <summary>A stock kernel's drivers drive the VirtIO devices.</summary>
public sealed class DeviceTests : IDisposable
{
    private const int BootSeconds = 240;
    private const int MiB = 1 << 20;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [GuestFact]
    public void What_is_on_a_drive_is_read_and_what_is_written_to_it_stays()
    {
        byte[] content = new byte[8 * MiB];
        new Random(3).NextBytes(content);
        string source = _directory.File("source.img", content);
        string target = _directory.File("target.img", new byte[16 * MiB]);
        string output = RunInGuest(
            "sha256sum /dev/vda; dd if=/dev/vda of=/dev/vdb bs=64k seek=32 conv=fsync; echo 3 > /proc/sys/vm/drop_caches; dd if=/dev/vdb bs=64k skip=32 count=128 | sha256sum; dd if=/dev/zero of=/dev/vda bs=512 count=1 || echo refused as it should be",
            "--drive", source + ",ro", "--drive", target);
        string digest = Convert.ToHexStringLower(SHA256.HashData(content));
        Assert.Contains(digest + "  /dev/vda", output, StringComparison.Ordinal);
        Assert.Contains(digest + "  -", output, StringComparison.Ordinal);
        Assert.Contains("refused as it should be", output, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllBytes(source));
        byte[] written = File.ReadAllBytes(target);
        Assert.Equal(16 * MiB, written.Length);
        Assert.Equal(content, written[(2 * MiB)..(10 * MiB)]);
        Assert.DoesNotContain(written[..(2 * MiB)], b => b != 0);
    }

    [GuestFact(LoopbackServer.LibSlirp)]
    public void The_hosts_loopback_is_reached_through_user_mode_networking()
    {
        byte[] content = new byte[2 * MiB];
        new Random(4).NextBytes(content);
        using LoopbackServer server = new(new() { ["/file"] = content });
        string output = RunInGuest(
            string.Create(CultureInfo.InvariantCulture, $"udhcpc -i eth0 -n -q -s /etc/udhcpc.script; wget -q -O - http://10.0.2.2:{server.Port}/file | sha256sum"),
            "--net", "user");
        Assert.Contains("lease of 10.0.2.15 obtained", output, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(content)) + "  -", output, StringComparison.Ordinal);
    }

    [GuestFact(LoopbackServer.LibSlirp)]
    public void A_forwarded_port_reaches_a_server_in_the_guest()
    {
        int port = LoopbackServer.FreePort();
        using CoveJitProcess machine = CoveJitProcess.Start(
            "run", "--guest", DefaultGuest.DescriptionFile, "--net", string.Create(CultureInfo.InvariantCulture, $"user,hostfwd=tcp:127.0.0.1:{port}-:8080"),
            "--append", "covejit.run=\"udhcpc -i eth0 -n -q -s /etc/udhcpc.script; mkdir /w; echo from the guest > /w/x; httpd -p 8080 -h /w; echo serv''ing; sleep 1; read line\"");
        machine.WaitFor("serving", BootSeconds);
        using HttpClient client = new() { Timeout = TimeSpan.FromSeconds(30) };
        string body = client.GetStringAsync(new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/x"))).GetAwaiter().GetResult();
        Assert.Equal("from the guest\n", body);
        machine.Type("\n");
        Assert.Equal(0, machine.WaitForExit(60));
    }

    private static string RunInGuest(string commands, params string[] arguments)
    {
        (int code, string output, string error) = CoveJitProcess.Run(
            BootSeconds, ["run", "--guest", DefaultGuest.DescriptionFile, "--append", $"covejit.run=\"{commands}\"", .. arguments]);
        Assert.Contains("CoveJit guest ran, status", output, StringComparison.Ordinal);
        Assert.Equal((0, string.Empty), (code, error));
        return output;
    }
}
