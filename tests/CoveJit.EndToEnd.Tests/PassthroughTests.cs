using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace CoveJit.EndToEnd.Tests;

/// <summary>Debian's kernel drives a PCIe function of the machine's from a virtual machine of <c>guest/vmm</c>: behind the IOMMU in a plain one, as a TEE device interface in a confidential one.</summary>
public sealed class PassthroughTests(Hypervisor hypervisor) : IClassFixture<Hypervisor>, IDisposable
{
    private const int BootSeconds = 300;
    private const int DiskSize = 24 << 20;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    // A file system is made and written; the next boot of the virtual machine, on a function that has been reset, reads it.
    [GuestTheory(Hypervisor.Compiler)]
    [InlineData("plain,vcpus=2", "", "--iommu", "on")]
    [InlineData("confidential,vcpus=2", ",tee", "--ide", "functional")]
    public void A_file_system_on_the_virtual_machines_own_NVMe_controller_outlives_its_reset(string machine, string tee, params string[] more)
    {
        string disk = _directory.File("disk.img");
        File.WriteAllBytes(disk, new byte[DiskSize]);
        const string Commands = "if mount -t ext4 /dev/nvme0n1 /mnt; then sha256sum /mnt/f; cat /mnt/sum; grep nvme0q1 /proc/interrupts; "
            + "else mke2fs -F /dev/nvme0n1 > /dev/null; mount -t ext4 /dev/nvme0n1 /mnt; dd if=/dev/urandom of=/mnt/f bs=1M count=6; sha256sum /mnt/f > /mnt/sum; umount /mnt; reboot -f; fi";
        string output = hypervisor.Run(BootSeconds, ["--append", $"quiet covejit.run=\"{Commands}\""], [.. more, "--smp", "2", "--nvme", disk + tee, "--vm", machine + ",device=nvme"]);
        string[] sums = [.. output.Split('\n').Where(line => line.TrimEnd().EndsWith("  /mnt/f", StringComparison.Ordinal)).Select(line => line.Trim())];
        Assert.Equal(2, sums.Length);
        Assert.Equal(sums[0], sums[1]);
        Assert.Matches(@"PCI-MSIX-0000:00:00\.0 +1 Edge +nvme0q1", output);
        JsonElement statistics = Hypervisor.Statistics(output)[0];
        Assert.Equal((2, 1, 0), (statistics.GetProperty("starts").GetInt32(), statistics.GetProperty("functions").GetInt32(), statistics.GetProperty("requests_refused").GetInt32()));
    }

    // What the kernel asks a function for is private memory: nothing is copied through the window, and the interrupts are the TVM's own.
    [GuestFact(Hypervisor.Compiler)]
    public void Accesses_to_a_passed_function_do_not_leave_the_virtual_machine()
    {
        byte[] disk = RandomNumberGenerator.GetBytes(DiskSize);
        File.WriteAllBytes(_directory.File("disk.img"), disk);
        string output = hypervisor.Run(
            BootSeconds,
            ["--append", "quiet covejit.run=\"sha256sum /dev/nvme0n1\""], ["--nvme", _directory.File("disk.img") + ",ro,tee", "--vm", "confidential,device=01:00.0"]);
        Assert.Contains($"{Convert.ToHexStringLower(SHA256.HashData(disk))}  /dev/nvme0n1", output, StringComparison.Ordinal);
        Assert.Equal(0, Hypervisor.Statistics(output)[0].GetProperty("exits").GetProperty("page_fault").GetInt32());
    }

    // Those that wait for frames are there while the driver is: they would show, as the hypervisor's own card's do.
    [GuestTheory(Hypervisor.Compiler, LoopbackServer.LibSlirp)]
    [InlineData(0, "user,bus=pci,tee", "confidential,device=01:00.0")]
    [InlineData(200, "user", "confidential")]
    public void The_buffers_of_a_passed_network_card_are_not_in_the_window(int atLeast, string network, string machine)
    {
        const string Commands = "mount -t debugfs d /sys/kernel/debug; u() { echo used=$(cat /sys/kernel/debug/swiotlb/io_tlb_used); }; "
            + "ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up; ping -qc 1 10.0.2.2; u; for d in /sys/bus/virtio/drivers/virtio_net/virtio*; do echo ${d##*/} > ${d%/*}/unbind; done; u";
        string output = hypervisor.Run(BootSeconds, ["--append", $"quiet covejit.run=\"{Commands}\""], ["--net", network, "--vm", machine]);
        Assert.Contains("1 packets received", output, StringComparison.Ordinal);
        int[] used = [.. output.Split('\n').Where(line => line.StartsWith("used=", StringComparison.Ordinal)).Select(line => int.Parse(line.Trim()["used=".Length..], CultureInfo.InvariantCulture))];
        Assert.Equal(2, used.Length);
        Assert.InRange(used[0] - used[1], atLeast, atLeast == 0 ? 0 : int.MaxValue);
    }

    [GuestFact(Hypervisor.Compiler)]
    public void The_shim_refuses_another_device_than_the_one_in_the_launch_list()
    {
        File.WriteAllBytes(_directory.File("disk.img"), new byte[DiskSize]);
        (int code, string output, _) = CoveJitProcess.Run(
            BootSeconds, [.. hypervisor.Arguments("--append", "quiet"), "--nvme", _directory.File("disk.img") + ",tee", "--vm", "confidential,device=nvme,tamper=device"]);
        Assert.Contains("shim: a device is not the one in the launch list", output, StringComparison.Ordinal);
        Hypervisor.AssertNothingLost(Hypervisor.Statistics(output));
        Assert.Equal(1, code);
    }

    [GuestFact(Hypervisor.Compiler)]
    public void A_confidential_virtual_machine_gets_no_function_that_is_no_TEE_device_interface()
    {
        File.WriteAllBytes(_directory.File("disk.img"), new byte[DiskSize]);
        (int code, _, string error) = CoveJitProcess.Run(BootSeconds, [.. hypervisor.Arguments(), "--nvme", _directory.File("disk.img"), "--vm", "confidential,device=nvme"]);
        Assert.Contains("which is no TEE device interface; add tee to the device", error, StringComparison.Ordinal);
        Assert.NotEqual(0, code);
    }

    [GuestTheory(Hypervisor.Compiler)]
    [InlineData("plain", "", "--iommu", "on")]
    [InlineData("confidential", ",tee")]
    public void A_virtual_machine_starts_when_its_function_has_come_to_the_slot(string machine, string tee, params string[] more)
    {
        File.WriteAllBytes(_directory.File("disk.img"), new byte[DiskSize]);
        string output = hypervisor.Run(
            BootSeconds,
            ["--append", "quiet covejit.run=\"head -c 4096 /dev/nvme0n1 | wc -c\""], [.. more, "--nvme", _directory.File("disk.img") + tee + ",plug=2", "--vm", machine + ",device=nvme"]);
        Assert.Contains("vm0: waits for a PCIe function", output, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^4096\r?$", output);
    }

    [GuestTheory(Hypervisor.Compiler)]
    [InlineData("tee=forged", "the TSM does not connect the PCIe function")]
    [InlineData("tee=stale", "shim: left out: a device measures of itself what is not in the launch list")]
    public void An_optional_device_that_is_not_trusted_is_left_out(string tee, string why)
    {
        File.WriteAllBytes(_directory.File("disk.img"), new byte[DiskSize]);
        string output = hypervisor.Run(
            BootSeconds,
            ["--append", "quiet covejit.run=\"ls /sys/bus/pci/devices | wc -l\""], ["--nvme", _directory.File("disk.img") + "," + tee, "--vm", "confidential,device=nvme:optional"]);
        Assert.Contains(why, output, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^0\r?$", output);
    }

    [GuestTheory(Hypervisor.Compiler)]
    [InlineData("tee=forged", "the TSM does not connect the PCIe function")]
    [InlineData("tee=stale", "shim: a device measures of itself what is not in the launch list")]
    public void Without_a_device_that_is_not_trusted_and_not_optional_nothing_starts(string tee, string why)
    {
        File.WriteAllBytes(_directory.File("disk.img"), new byte[DiskSize]);
        (int code, string output, _) = CoveJitProcess.Run(
            BootSeconds, [.. hypervisor.Arguments("--append", "quiet"), "--nvme", _directory.File("disk.img") + "," + tee, "--vm", "confidential,device=nvme"]);
        Assert.Contains(why, output, StringComparison.Ordinal);
        Assert.NotEqual(0, code);
        Assert.Equal("failure", Hypervisor.Statistics(output)[0].GetProperty("end").GetString());
        Hypervisor.AssertNothingLost(Hypervisor.Statistics(output));
    }

    // A device that comes while the machine runs is attested by the virtual machine that waits for it: and refused. Others go on, and so does that one if it can do without.
    [GuestTheory(Hypervisor.Compiler)]
    [InlineData("tee=forged", "", "failure")]
    [InlineData("tee=stale", "", "failure")]
    [InlineData("tee=forged", ":optional", "shutdown")]
    [InlineData("tee=stale", ":optional", "shutdown")]
    public void A_device_that_comes_and_is_refused_is_its_virtual_machines_affair(string tee, string optional, string end)
    {
        File.WriteAllBytes(_directory.File("disk.img"), new byte[DiskSize]);
        (int code, string output, _) = CoveJitProcess.Run(
            BootSeconds,
            [
                .. hypervisor.Arguments("--append", "quiet covejit.run=\"sleep 5; ls /sys/bus/pci/devices 2>/dev/null | wc -l\""), "--smp", "2",
                "--nvme", _directory.File("disk.img") + "," + tee + ",plug=2", "--vm", "confidential", "--vm", "confidential,device=nvme" + optional,
            ]);
        Assert.Contains("vm1: waits for a PCIe function", output, StringComparison.Ordinal);
        Assert.Contains("vm1: its PCIe functions are there now", output, StringComparison.Ordinal);
        Assert.Matches(@"\[vm0\] 0\r?\n", output);
        IReadOnlyList<JsonElement> statistics = Hypervisor.Statistics(output);
        Assert.Equal(("shutdown", end), (statistics[0].GetProperty("end").GetString(), statistics[1].GetProperty("end").GetString()));
        if (tee == "tee=forged" && end == "failure")
        {
            Assert.Equal("a PCIe function is refused", statistics[1].GetProperty("reason").GetString());
        }

        Assert.Equal(end == "failure" ? 1 : 0, code);
        Hypervisor.AssertNothingLost(statistics);
    }

    // Pulled, or in TDISP's ERROR: whoever runs with it goes on.
    [GuestTheory(Hypervisor.Compiler)]
    [InlineData("plain", ",pull=8", "which has been pulled", "--iommu", "on")]
    [InlineData("confidential", ",tee,pull=8", "which has been pulled")]
    [InlineData("confidential,tamper=interface", ",tee", "vm0: goes on without the PCIe function 1:0.0, which is in ERROR")]
    public void A_virtual_machine_outlives_its_device(string machine, string device, string says, params string[] more)
    {
        File.WriteAllBytes(_directory.File("disk.img"), new byte[DiskSize]);
        const string Commands = "while dd if=/dev/nvme0n1 of=/dev/null iflag=direct bs=4k count=100 2>/dev/null; do :; done; echo gone; sha256sum /init; echo alive";
        string output = hypervisor.Run(BootSeconds, ["--append", $"quiet covejit.run=\"{Commands}\""], [.. more, "--nvme", _directory.File("disk.img") + device, "--vm", machine + ",device=nvme"]);
        Assert.Contains(says, output, StringComparison.Ordinal);
        Assert.Contains("alive", output, StringComparison.Ordinal);
    }
}
