using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace CoveJit.EndToEnd.Tests;

/// <summary>A stock kernel's drivers drive the functions behind PCIe root ports.</summary>
public sealed class PcieTests : IDisposable
{
    private const int BootSeconds = 240;
    private const int MiB = 1 << 20;
    private const string Check = "/sbin/e2fsck";

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [GuestFact(Check)]
    public void A_file_system_on_NVMe_outlives_a_reboot_with_four_queues_on_two_harts()
    {
        string disk = _directory.File("disk.img", new byte[64 * MiB]);

        // Queues for reads and for writes, for each hart.
        const string Load = "rmmod nvme; insmod /lib/modules/*/kernel/drivers/nvme/host/nvme.ko* write_queues=2; while [ ! -b /dev/nvme0n1 ]; do usleep 100000; done; ls /sys/block/nvme0n1/mq; ";
        string first = Run(
            Load + "mke2fs /dev/nvme0n1; mkdir /m; mount -t ext2 /dev/nvme0n1 /m && for i in 1 2 3 4; do taskset $((i % 2 + 1)) dd if=/dev/urandom of=/m/f$i oflag=direct bs=64k count=64 & done; wait; rm /m/f4; cd /m; sha256sum f* > sums; for c in 1 2; do taskset $c dd if=f$c of=/dev/null iflag=direct bs=64k; done; cd /; umount /m && grep nvme0q /proc/interrupts && echo written",
            "--smp", "2", "--nvme", disk);
        Assert.Matches(@"\n0 +1 +2 +3\r?\n", first);
        Assert.Contains("\nwritten", first, StringComparison.Ordinal);
        for (int queue = 1; queue <= 4; queue++)
        {
            Match interrupts = Regex.Match(first, @$"(\d+) +(\d+) +PCI-MSIX.* nvme0q{queue}\r?\n");
            Assert.True(interrupts.Success && interrupts.Groups[1].Value + interrupts.Groups[2].Value != "00", $"queue {queue}: {interrupts.Value}");
        }

        AssertClean(disk);
        string second = Run(
            "while [ ! -b /dev/nvme0n1 ]; do usleep 100000; done; mkdir /m; mount -t ext2 -o ro /dev/nvme0n1 /m && cd /m && sha256sum -c sums", "--aia", "none", "--nvme", disk);
        Assert.Contains("f1: OK", second, StringComparison.Ordinal);
        Assert.Contains("f3: OK", second, StringComparison.Ordinal);
        AssertClean(disk);
    }

    [GuestFact(Check)]
    public void Errors_of_the_medium_are_survived_by_trying_again()
    {
        string disk = _directory.File("disk.img", new byte[64 * MiB]);
        string output = Run(
            "while [ ! -b /dev/nvme0n1 ]; do usleep 100000; done; mke2fs /dev/nvme0n1; mkdir /m; mount -t ext2 /dev/nvme0n1 /m && dd if=/dev/urandom of=/m/f oflag=direct bs=4k count=200; cd /m; sha256sum f > sum; cd /; umount /m; mount -t ext2 /dev/nvme0n1 /m; cd /m; sha256sum -c sum; cd /; umount /m; dmesg | grep -c I/O.Cmd",
            "--nvme", disk + ",errors=20");
        Assert.Contains("f: OK", output, StringComparison.Ordinal);
        AssertClean(disk);
    }

    [GuestFact]
    public void A_device_that_is_pulled_is_gone_and_the_machine_goes_on()
    {
        string disk = _directory.File("disk.img", new byte[64 * MiB]);
        string output = Run(
            "while [ ! -b /dev/nvme0n1 ]; do usleep 100000; done; while dd if=/dev/nvme0n1 of=/dev/null iflag=direct bs=4k count=100 2>/dev/null; do :; done; echo gone; sha256sum /init; echo alive",
            "--nvme", disk + ",pull=6");
        Assert.Contains("gone", output, StringComparison.Ordinal);
        Assert.Contains("alive", output, StringComparison.Ordinal);
    }

    [GuestFact(LoopbackServer.LibSlirp)]
    public void Drives_and_network_cards_are_PCIe_functions_too()
    {
        byte[] content = new byte[4 * MiB];
        new Random(6).NextBytes(content);
        string source = _directory.File("source.img", content);
        string target = _directory.File("target.img", new byte[4 * MiB]);
        string output = Run(
            "while [ ! -b /dev/nvme0n1 ]; do usleep 100000; done; dd if=/dev/vda of=/dev/nvme0n1 bs=64k conv=fsync; udhcpc -i eth0 -n -q -s /etc/udhcpc.script; readlink /sys/block/vda; readlink -f /sys/class/net/eth0",
            "--drive", source + ",ro,bus=pci", "--net", "user,bus=pci", "--nvme", target);
        Assert.Contains("lease of 10.0.2.15 obtained", output, StringComparison.Ordinal);
        Assert.Contains("0000:02:00.0/virtio0/block/vda", output, StringComparison.Ordinal);
        Assert.Contains("0000:03:00.0/virtio1/net/eth0", output, StringComparison.Ordinal);
        Assert.Equal(SHA256.HashData(content), SHA256.HashData(File.ReadAllBytes(target)));
    }

    private static string Run(string commands, params string[] arguments)
    {
        (int code, string output, string error) = CoveJitProcess.Run(
            BootSeconds, ["run", "--guest", DefaultGuest.DescriptionFile, "--append", $"quiet covejit.run=\"{commands}\"", .. arguments]);
        Assert.Contains("CoveJit guest ran, status", output, StringComparison.Ordinal);
        Assert.Equal((0, string.Empty), (code, error));
        return output;
    }

    private static void AssertClean(string disk)
    {
        using CoveJitProcess check = CoveJitProcess.Start(Check, ["-fn", disk], []);
        int code = check.WaitForExit(60);
        Assert.True(code == 0, check.Output + check.Error);
    }
}
