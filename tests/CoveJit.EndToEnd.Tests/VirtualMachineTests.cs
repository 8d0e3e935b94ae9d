using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace CoveJit.EndToEnd.Tests;

/// <summary>Debian's kernel in virtual machines of the hypervisor <c>guest/vmm</c>.</summary>
public sealed class VirtualMachineTests(Hypervisor hypervisor) : IClassFixture<Hypervisor>, IDisposable
{
    private const int BootSeconds = 240;
    private const int CommandSeconds = 60;
    private const string FwDynamic = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin";

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [GuestFact(Hypervisor.Compiler)]
    public void One_virtual_machine_has_the_terminal_to_itself()
    {
        using CoveJitProcess machine = CoveJitProcess.Start([.. hypervisor.Arguments("--append", "quiet"), "--vm", "plain"]);
        machine.WaitFor(DefaultGuest.ReadyMarker, BootSeconds);
        machine.WaitFor("# ", CommandSeconds);
        machine.Type("uname -m; echo $((6*7)); cat /proc/device-tree/model; poweroff -f\n");
        machine.WaitFor("riscv64", CommandSeconds);
        machine.WaitFor("42", CommandSeconds);
        machine.WaitFor("covejit,vm0", CommandSeconds);
        Assert.Equal(0, machine.WaitForExit(CommandSeconds));
        Assert.Equal(string.Empty, machine.Error);
        Assert.DoesNotContain("[vm0]", machine.Output, StringComparison.Ordinal);
        JsonElement[] statistics = [.. Hypervisor.Statistics(machine.Output)];
        Assert.Equal(2, statistics.Length);
        Assert.Equal("shutdown", statistics[0].GetProperty("end").GetString());
        Assert.InRange(statistics[0].GetProperty("instructions").GetInt64(), 500_000_000, long.MaxValue);
        Assert.InRange(statistics[0].GetProperty("exits").GetProperty("page_fault").GetInt32(), 1, int.MaxValue);
        Hypervisor.AssertNothingLost(statistics);
    }

    // IPIs and the devices' interrupts go from interrupt file to interrupt file: SBI has none to send.
    [GuestTheory(Hypervisor.Compiler, FwDynamic)]
    [InlineData("managed")]
    [InlineData(FwDynamic)]
    public void Two_virtual_harts_on_two_harts(string firmware)
    {
        string output = RunOnce(["--smp", "2", "--bios", firmware, "--vm", "plain,vcpus=2"], "nproc; cat /proc/interrupts; dmesg | grep imsic");
        Assert.Matches(@"(?m)^2\s*$", output);
        Assert.Matches(@"(?m)^IPI1: +[1-9]\d* +[1-9]\d* ", output);
        Assert.Matches(@"(?m)^ *\d+: .*APLIC-MSI.*ttyS0", output);
        Assert.Contains("providing IPIs", output, StringComparison.Ordinal);
        Hypervisor.AssertNothingLost(Hypervisor.Statistics(output));
    }

    [GuestFact(Hypervisor.Compiler)]
    public void Two_virtual_harts_take_turns_on_one_hart()
    {
        string output = RunOnce(["--vm", "plain,vcpus=2"], "nproc; taskset 1 sleep 1; taskset 2 sleep 1");
        Assert.Matches(@"(?m)^2\s*$", output);
        JsonElement exits = Hypervisor.Statistics(output)[0].GetProperty("exits");
        Assert.InRange(exits.GetProperty("timer").GetInt32(), 1, int.MaxValue);
        Assert.InRange(exits.GetProperty("wfi").GetInt32(), 1, int.MaxValue);
        Hypervisor.AssertNothingLost(Hypervisor.Statistics(output));
    }

    // Time goes by instructions: so the balloon shrinks after it has grown, however busy the computer is.
    [GuestFact(Hypervisor.Compiler)]
    public void A_balloon_takes_memory_and_gives_it_back()
    {
        const int Pages = 64 << 8;
        string output = RunOnce(
            ["--icount", "--smp", "2", "--vm", "plain,vcpus=2,balloon=64M@16:0@24"],
            "modprobe virtio_balloon; dd if=/dev/zero of=/tmp/all bs=1M count=90; rm /tmp/all; dd if=/dev/urandom of=/tmp/keep bs=1M count=40; sha256sum /tmp/keep > /tmp/sum; "
            + $"grep MemFree /proc/meminfo; until grep -q balloon_inflate.{Pages} /proc/vmstat; do sleep 1; done; grep MemFree /proc/meminfo; "
            + $"until grep -q balloon_deflate.{Pages} /proc/vmstat; do sleep 1; done; grep MemFree /proc/meminfo; sha256sum -c /tmp/sum; dd if=/dev/zero of=/tmp/all bs=1M count=50; sha256sum /tmp/all; sha256sum -c /tmp/sum");
        Assert.Equal(2, output.Split("/tmp/keep: OK").Length - 1);
        Assert.Contains($"{Convert.ToHexStringLower(SHA256.HashData(new byte[50 << 20]))}  /tmp/all", output, StringComparison.Ordinal);

        // Some of the 64 MiB the kernel had never touched, and so were free before.
        IReadOnlyList<int> free = Hypervisor.FreeMemory(output);
        Assert.InRange(free[1] - free[0], 32, 64);
        int[] guest = [.. Regex.Matches(output, @"MemFree: +(\d+) kB").Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) >> 10)];
        Assert.InRange(guest[0] - guest[1], 48, 80);
        Assert.InRange(guest[2] - guest[1], 48, 80);
        IReadOnlyList<JsonElement> statistics = Hypervisor.Statistics(output);
        JsonElement balloon = statistics[0].GetProperty("balloon");
        Assert.Equal((Pages, Pages, Pages), (balloon.GetProperty("most").GetInt32(), balloon.GetProperty("inflated").GetInt32(), balloon.GetProperty("deflated").GetInt32()));
        Assert.InRange(balloon.GetProperty("returned").GetInt32(), Pages - 1024, Pages);
        Assert.InRange(balloon.GetProperty("guest_free").GetInt64(), 48 << 20, 160 << 20);
        Hypervisor.AssertNothingLost(statistics);
    }

    // A machine whose memory both cannot have at once.
    [GuestFact(Hypervisor.Compiler)]
    public void What_one_virtual_machine_reports_free_another_one_gets()
    {
        const string Fill = "dd if=/dev/zero of=/tmp/all bs=1M count=150; rm /tmp/all";
        string output = RunOnce(
            ["--memory", "560M", "--icount", "--vm", "plain,memory=384M,balloon=0,reporting", "--vm", $"plain,memory=384M,append=quiet covejit.run=\"sleep 18; {Fill}\""],
            $"modprobe virtio_balloon; {Fill}; sleep 20");
        JsonElement balloon = Hypervisor.Statistics(output)[0].GetProperty("balloon");
        Assert.InRange(balloon.GetProperty("reported").GetInt32(), 150 << 8, int.MaxValue);
        Assert.InRange(balloon.GetProperty("returned").GetInt32(), 120 << 8, int.MaxValue);
        Hypervisor.AssertNothingLost(Hypervisor.Statistics(output));
    }

    [GuestFact(Hypervisor.Compiler)]
    public void Counting_instructions_makes_virtual_machines_repeat_byte_for_byte()
    {
        string[] arguments = ["--icount", "--smp", "2", "--vm", "plain", "--vm", "plain,vcpus=2"];
        string first = RunOnce(arguments, "cat /proc/uptime /proc/sys/kernel/random/uuid");
        Assert.Equal(first, RunOnce(arguments, "cat /proc/uptime /proc/sys/kernel/random/uuid"));
    }

    [GuestFact(Hypervisor.Compiler)]
    public void A_disk_in_memory_and_a_drive_of_the_machine()
    {
        byte[] memory = RandomNumberGenerator.GetBytes(1 << 20);
        byte[] drive = RandomNumberGenerator.GetBytes(3 << 20);
        File.WriteAllBytes(_directory.File("memory.img"), memory);
        File.WriteAllBytes(_directory.File("drive.img"), drive);
        string output = RunOnce(
            ["--vm", $"plain,ramdisk={_directory.File("memory.img")},drive={_directory.File("drive.img")}"],
            "sha256sum /dev/vda /dev/vdb; dd if=/dev/vda of=/dev/vdb bs=1M seek=1 conv=fsync; dd if=/dev/zero of=/dev/vda bs=64k count=16");
        Assert.Contains($"{Convert.ToHexStringLower(SHA256.HashData(memory))}  /dev/vda", output, StringComparison.Ordinal);
        Assert.Contains($"{Convert.ToHexStringLower(SHA256.HashData(drive))}  /dev/vdb", output, StringComparison.Ordinal);

        // What was written to the drive lasts; what was written to memory does not.
        memory.CopyTo(drive, 1 << 20);
        Assert.Equal(drive, File.ReadAllBytes(_directory.File("drive.img")));
        Assert.Equal(memory, File.ReadAllBytes(_directory.File("memory.img")));
        Hypervisor.AssertNothingLost(Hypervisor.Statistics(output));
    }

    [GuestFact(Hypervisor.Compiler)]
    public void Two_virtual_machines_talk_to_each_other_and_have_lines_of_their_own()
    {
        (int code, string output, string error) = CoveJitProcess.Run(
            BootSeconds,
            [
                .. hypervisor.Arguments("--append", "quiet covejit.run=\"ip addr add 10.0.0.1/24 dev eth0; ip link set eth0 up; nc -l -p 99 -e sha256sum\""),
                "--smp", "2",
                "--vm", "plain",
                "--vm", "plain,append=quiet covejit.run=\"ip addr add 10.0.0.2/24 dev eth0; ip link set eth0 up; until ping -c 1 -W 1 10.0.0.1; do sleep 1; done; dd if=/dev/zero bs=64k count=32 | nc -w 9 10.0.0.1 99\"",
            ]);
        Assert.Equal((0, string.Empty), (code, error));
        Assert.Contains($"[vm1] {Convert.ToHexStringLower(SHA256.HashData(new byte[32 * 65536]))}  -", output, StringComparison.Ordinal);
        Assert.All(output.TrimEnd().Split('\n'), line => Assert.Matches(@"^\[vm([01]|m)\] ", line));
        Assert.Equal(3, Hypervisor.Statistics(output).Count);
        Hypervisor.AssertNothingLost(Hypervisor.Statistics(output));
    }

    [GuestFact(Hypervisor.Compiler)]
    public void A_reset_starts_a_virtual_machine_over()
    {
        using CoveJitProcess machine = CoveJitProcess.Start([.. hypervisor.Arguments("--append", "quiet"), "--smp", "2", "--vm", "plain,vcpus=2"]);
        for (int start = 0; start < 2; start++)
        {
            machine.WaitFor(DefaultGuest.ReadyMarker, BootSeconds);
            machine.WaitFor("# ", CommandSeconds);
            machine.Type(start == 0 ? "reboot -f\n" : "poweroff -f\n");
        }

        Assert.Equal(0, machine.WaitForExit(CommandSeconds));
        IReadOnlyList<JsonElement> statistics = Hypervisor.Statistics(machine.Output);
        Assert.Equal(2, statistics[0].GetProperty("starts").GetInt32());
        Hypervisor.AssertNothingLost(statistics);
    }

    [GuestFact(Hypervisor.Compiler)]
    public void A_panic_ends_the_run_where_resets_are_not_wanted()
    {
        (int code, string output, string error) = CoveJitProcess.Run(
            BootSeconds, "run", "--vmm", hypervisor.Program, "--kernel", DefaultGuest.Kernel, "--append", "panic=-1", "--no-reboot", "--vm", "plain");
        Assert.Contains("Kernel panic - not syncing", output, StringComparison.Ordinal);
        Assert.Equal("reset", Hypervisor.Statistics(output)[0].GetProperty("end").GetString());
        Assert.Contains("covejit: the guest reset itself", error, StringComparison.Ordinal);
        Assert.Equal(3, code);
    }

    [GuestFact(Hypervisor.Compiler)]
    public void A_machine_that_is_too_small_says_so()
    {
        (int code, string output, _) = CoveJitProcess.Run(BootSeconds, [.. hypervisor.Arguments("--append", "quiet covejit.run=true"), "--memory", "256M", "--vm", "plain,memory=160M", "--vm", "plain,memory=160M"]);
        Assert.Matches(@"\[vmm\] .*(give it more with --(memory|vm))", output);
        Assert.Equal(1, code);
    }

    private string RunOnce(string[] arguments, string commands)
    {
        (int code, string output, string error) = CoveJitProcess.Run(BootSeconds, [.. hypervisor.Arguments("--append", $"quiet covejit.run=\"{commands}\""), .. arguments]);
        Assert.Equal((0, string.Empty), (code, error));
        Assert.Contains("CoveJit guest ran, status 0", output, StringComparison.Ordinal);
        return output;
    }
}
