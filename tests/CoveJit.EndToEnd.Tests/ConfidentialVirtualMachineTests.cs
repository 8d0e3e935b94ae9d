using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;

namespace CoveJit.EndToEnd.Tests;

/// <summary>
/// Debian's kernel, which knows nothing of CoVE, in TVMs that the hypervisor <c>guest/vmm</c> has the TSM make, behind the shim <c>guest/shim</c>. At
/// each start the hypervisor tries to read the TVM's memory, and gives up if it can.
/// </summary>
public sealed class ConfidentialVirtualMachineTests(Hypervisor hypervisor) : IClassFixture<Hypervisor>, IDisposable
{
    private const string ObjectCopy = "/usr/bin/riscv64-linux-gnu-objcopy";
    private const int BootSeconds = 240;
    private const int CommandSeconds = 60;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [GuestFact(Hypervisor.Compiler)]
    public void Disk_and_console_reach_the_shared_window_alone()
    {
        byte[] disk = RandomNumberGenerator.GetBytes(3 << 20);
        File.WriteAllBytes(_directory.File("disk.img"), disk);
        string output = hypervisor.Run(
            BootSeconds,
            ["--append", "quiet covejit.run=\"sha256sum /dev/vda; echo through the window > /dev/hvc0; dd if=/dev/vda of=/dev/vda bs=1M seek=2 count=1 conv=fsync; cat /proc/interrupts\""],
            ["--vm", $"confidential,drive={_directory.File("disk.img")}"]);
        Assert.Contains($"{Convert.ToHexStringLower(SHA256.HashData(disk))}  /dev/vda", output, StringComparison.Ordinal);
        Assert.Contains("through the window", output, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^ *\d+: .*APLIC-MSI.*virtio", output);
        disk.AsSpan(0, 1 << 20).CopyTo(disk.AsSpan(2 << 20));
        Assert.Equal(disk, File.ReadAllBytes(_directory.File("disk.img")));

        // A buffer or a ring elsewhere would have been reported.
        Assert.DoesNotContain("not in shared memory", output, StringComparison.Ordinal);
        JsonElement statistics = Hypervisor.Statistics(output)[0];
        Assert.Equal(("confidential", "shutdown"), (statistics.GetProperty("kind").GetString(), statistics.GetProperty("end").GetString()));
        Assert.InRange(statistics.GetProperty("shared_pages").GetInt32(), 64 << 8, 66 << 8);

        // Of its memory, of the TSM's for it, and of its interrupt file.
        Assert.Equal(3, statistics.GetProperty("host_reads_refused").GetInt32());
        Assert.InRange(statistics.GetProperty("exits").GetProperty("page_fault").GetInt32(), 1, int.MaxValue);
    }

    // At the reset, what cannot be given back cannot be given away again.
    [GuestFact(Hypervisor.Compiler)]
    public void Two_vCPUs_send_each_other_IPIs_take_interrupts_and_start_over()
    {
        using CoveJitProcess machine = CoveJitProcess.Start([.. hypervisor.Arguments("--append", "quiet"), "--smp", "2", "--vm", "confidential,vcpus=2"]);
        for (int start = 0; start < 2; start++)
        {
            machine.WaitFor(DefaultGuest.ReadyMarker, BootSeconds);
            machine.WaitFor("# ", CommandSeconds);
            machine.Type(start == 0 ? "nproc; cat /proc/interrupts; dmesg | grep imsic; reboot -f\n" : "poweroff -f\n");
        }

        Assert.Equal(0, machine.WaitForExit(CommandSeconds));
        Assert.Matches(@"(?m)^2\s*$", machine.Output);
        Assert.Matches(@"(?m)^IPI1: +[1-9]\d* +[1-9]\d* ", machine.Output);
        Assert.Contains("APLIC-MSI", machine.Output, StringComparison.Ordinal);
        Assert.Contains("providing IPIs", machine.Output, StringComparison.Ordinal);
        IReadOnlyList<JsonElement> statistics = Hypervisor.Statistics(machine.Output);
        Assert.Equal(2, statistics[0].GetProperty("starts").GetInt32());
        Hypervisor.AssertNothingLost(statistics);
    }

    [GuestFact(Hypervisor.Compiler)]
    public void Two_tenants_and_a_plain_virtual_machine_side_by_side()
    {
        const string Reach = "quiet covejit.run=\"ip addr add 10.0.0.{0}/24 dev eth0; ip link set eth0 up; until dd if=/dev/zero bs=64k count=8 | nc -w 9 10.0.0.1 9{0}; do sleep 1; done\"";
        string output = hypervisor.Run(
            BootSeconds,
            ["--append", "quiet covejit.run=\"nc -l -p 92 -e sha256sum & nc -l -p 93 -e sha256sum & ip addr add 10.0.0.1/24 dev eth0; ip link set eth0 up; wait\""],
            ["--smp", "2", "--vm", "confidential,vcpus=2", "--vm", "confidential,append=" + Format(Reach, 2), "--vm", "plain,append=" + Format(Reach, 3)]);
        string digest = Convert.ToHexStringLower(SHA256.HashData(new byte[8 * 65536]));
        Assert.Contains($"[vm1] {digest}  -", output, StringComparison.Ordinal);
        Assert.Contains($"[vm2] {digest}  -", output, StringComparison.Ordinal);
        Assert.Equal(["confidential", "confidential", "plain"], Hypervisor.Statistics(output).Take(3).Select(vm => vm.GetProperty("kind").GetString()));
    }

    // In memory that is confidential from the start, and without interrupt files.
    [GuestFact(Hypervisor.Compiler)]
    public void A_promoted_virtual_machine_has_its_disk_in_the_window_too()
    {
        byte[] disk = RandomNumberGenerator.GetBytes(1 << 20);
        File.WriteAllBytes(_directory.File("disk.img"), disk);
        string output = hypervisor.Run(
            BootSeconds,
            ["--append", "quiet covejit.run=\"nproc; sha256sum /dev/vda; cat /proc/interrupts\""],
            ["--tsm", "static", "--smp", "2", "--vm", $"confidential,vcpus=2,drive={_directory.File("disk.img")}"]);
        Assert.Matches(@"(?m)^2\s*$", output);
        Assert.Contains($"{Convert.ToHexStringLower(SHA256.HashData(disk))}  /dev/vda", output, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^ *\d+: .*APLIC-DIRECT.*virtio", output);
        Assert.DoesNotContain("not in shared memory", output, StringComparison.Ordinal);
        JsonElement statistics = Hypervisor.Statistics(output)[0];
        Assert.InRange(statistics.GetProperty("shared_pages").GetInt32(), 64 << 8, 66 << 8);
        Assert.InRange(statistics.GetProperty("host_reads_refused").GetInt32(), 1, int.MaxValue);
    }

    [GuestTheory(Hypervisor.Compiler, ObjectCopy)]
    [InlineData("on")]
    [InlineData("static")]
    public void Single_pages_are_shared_and_unshared(string tsm)
    {
        string image = AssembleKernel("share.S");
        (int code, string output, string error) = CoveJitProcess.Run(
            BootSeconds, [.. hypervisor.Arguments(), "--tsm", tsm, "--vm", $"confidential,kernel={image}"]);
        Assert.Equal((0, string.Empty), (code, error));
        Assert.Equal(4, output.Split("in the open").Length - 1);
        Assert.Equal("shutdown", Hypervisor.Statistics(output)[0].GetProperty("end").GetString());
        Hypervisor.AssertNothingLost(Hypervisor.Statistics(output));
    }

    // With static memory what comes back is the TSM's, not the hypervisor's.
    [GuestTheory(Hypervisor.Compiler, ObjectCopy)]
    [InlineData("on", 18)]
    [InlineData("static", 0)]
    public void A_balloon_takes_what_the_TVM_has_shared_and_nothing_else_while_another_vCPU_works(string tsm, int returned)
    {
        string image = AssembleKernel("balloon.c");
        (int code, string output, string error) = CoveJitProcess.Run(
            BootSeconds, [.. hypervisor.Arguments(), "--icount", "--smp", "2", "--tsm", tsm, "--vm", $"confidential,vcpus=2,memory=128M,kernel={image},balloon=18M@1:0@2"]);
        Assert.Equal((0, string.Empty), (code, error));
        Assert.Contains("balloon: given and taken back", output, StringComparison.Ordinal);
        Assert.Contains("does not accept ACCESS_PLATFORM", output, StringComparison.Ordinal);
        IReadOnlyList<int> free = Hypervisor.FreeMemory(output);
        Assert.Equal(free[0] + returned, free[1]);
        JsonElement balloon = Hypervisor.Statistics(output)[0].GetProperty("balloon");
        Assert.Equal((18 << 8, 0), (balloon.GetProperty("most").GetInt32(), balloon.GetProperty("pages").GetInt32()));

        // Two pages were given twice, having been touched in between.
        Assert.Equal((returned << 8) + 2, balloon.GetProperty("returned").GetInt32());
        Hypervisor.AssertNothingLost(Hypervisor.Statistics(output));
    }

    // Its driver would have its queues where the device does not reach, and shares nothing.
    [GuestFact(Hypervisor.Compiler)]
    public void Debian_s_kernel_gets_no_balloon()
    {
        string output = hypervisor.Run(
            BootSeconds, ["--append", "covejit.run=\"modprobe virtio_balloon; dmesg | grep refuses\""], ["--vm", "confidential,balloon=64M"]);
        Assert.Contains("does not accept ACCESS_PLATFORM", output, StringComparison.Ordinal);
        Assert.Contains("device refuses features", output, StringComparison.Ordinal);
        Assert.Equal(0, Hypervisor.Statistics(output)[0].GetProperty("balloon").GetProperty("returned").GetInt32());
    }

    // What 'covejit measure' makes of the plan is what the TSM has measured.
    [GuestTheory(Hypervisor.Compiler, ObjectCopy)]
    [InlineData("on")]
    [InlineData("static")]
    public void The_evidence_agrees_with_the_launch_plan(string tsm)
    {
        string image = AssembleKernel("share.S");
        string launches = _directory.File("launches");
        Assert.Equal(0, CoveJitProcess.Run(BootSeconds, [.. hypervisor.Arguments(), "--tsm", tsm, "--dump-launch", launches, "--vm", $"confidential,vcpus=2,kernel={image}"]).Code);
        string plan = Path.Combine(launches, "tvm1.plan.json");
        string evidence = Path.Combine(launches, "tvm1.evidence");
        string reference = _directory.File("reference.json");
        Assert.Equal(0, CoveJitProcess.Run(CommandSeconds, "measure", "--plan", plan, "--tcb", "covejit", "--output", reference).Code);
        (int code, string output, _) = CoveJitProcess.Run(CommandSeconds, "verify", evidence, "--reference", reference, "--challenge", new string('0', 128));
        Assert.True(code == 0, output);
        Assert.Equal(0, CoveJitProcess.Run(CommandSeconds, "measure", "--plan", plan, "--vcpus", "1", "--tcb", "covejit", "--output", reference).Code);
        Assert.Equal(1, CoveJitProcess.Run(CommandSeconds, "verify", evidence, "--reference", reference, "--challenge", new string('0', 128)).Code);
    }

    [GuestTheory(Hypervisor.Compiler)]
    [InlineData("kernel", "shim: the kernel is not the one in the launch list")]
    [InlineData("initrd", "shim: the initrd is not the one in the launch list")]
    [InlineData("append", "shim: the command line is not the one in the launch list")]
    public void What_the_host_has_changed_is_not_started(string part, string refusal)
    {
        (int code, string output, _) = CoveJitProcess.Run(BootSeconds, [.. hypervisor.Arguments("--append", "quiet"), "--vm", $"confidential,tamper={part}"]);
        Assert.Contains(refusal, output, StringComparison.Ordinal);
        Assert.Equal("failure", Hypervisor.Statistics(output)[0].GetProperty("end").GetString());
        Hypervisor.AssertNothingLost(Hypervisor.Statistics(output));
        Assert.Equal(1, code);
    }

    private static string Format(string format, int number) => format.Replace("{0}", number.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);

    // A program beside this file, as an Image.
    private string AssembleKernel(string source)
    {
        string program = _directory.File("kernel.elf");
        string image = _directory.File("kernel");
        Execute(
            Hypervisor.Compiler, "-O2", "-ffreestanding", "-fno-toplevel-reorder", "-nostdlib", "-static", "-march=rv64imac_zicsr", "-mabi=lp64", "-mcmodel=medany", "-fno-pic", "-no-pie",
            "-Wl,--build-id=none,-Ttext=0,-e,0,-N,--no-warn-rwx-segments,--no-relax", "-o", program, Path.Combine(AppContext.BaseDirectory, source));
        Execute(ObjectCopy, "-O", "binary", program, image);
        return image;

        static void Execute(string file, params string[] arguments)
        {
            using Process process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardError = true })!;
            string errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, errors);
        }
    }
}
