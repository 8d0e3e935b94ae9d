using System.Globalization;
using System.Text.Json;

namespace CoveJit.EndToEnd.Tests;

/// <summary>Debian's kernel boots to a shell that can be worked with.</summary>
public sealed class BootTests : IDisposable
{
    private const int BootSeconds = 240;
    private const int CommandSeconds = 60;
    private const string FwDynamic = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin";

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [GuestFact]
    public void Without_options_the_default_guest_boots_to_its_shell()
    {
        // The guest's usual place, inside another data directory.
        string guests = _directory.File("covejit/guests");
        Directory.CreateDirectory(_directory.File("covejit"));
        Directory.CreateSymbolicLink(guests, Path.GetDirectoryName(DefaultGuest.DescriptionFile)!);
        using CoveJitProcess machine = CoveJitProcess.Start(CoveJitProcess.Program, ["run"], new() { ["XDG_DATA_HOME"] = _directory.Path });
        WorkInShell(machine, harts: 1);
    }

    [GuestFact]
    public void Two_harts()
    {
        using CoveJitProcess machine = CoveJitProcess.Start("run", "--guest", DefaultGuest.DescriptionFile, "--smp", "2");
        WorkInShell(machine, harts: 2);
    }

    [GuestFact(FwDynamic)]
    public void OpenSbi_that_is_told_where_the_kernel_is() => BootUnder(FwDynamic);

    // Both firmwares; the terminal's and the entropy device's interrupts, and IPIs, arrive by the way that is asked for.
    [GuestTheory(FwDynamic)]
    [InlineData("imsic", "managed", "APLIC-MSI", "riscv-imsic: imsics@28000000: providing IPIs")]
    [InlineData("imsic", FwDynamic, "APLIC-MSI", "riscv-imsic: imsics@28000000: providing IPIs")]
    [InlineData("aplic", "managed", "APLIC-DIRECT", "riscv: providing IPIs using SBI IPI extension")]
    [InlineData("aplic", FwDynamic, "APLIC-DIRECT", "riscv: providing IPIs using SBI IPI extension")]
    [InlineData("none", "managed", "SiFive PLIC", "riscv: providing IPIs using SBI IPI extension")]
    public void Interrupt_controllers(string aia, string firmware, string controller, string ipis)
    {
        (int code, string output, string error) = CoveJitProcess.Run(
            BootSeconds, "run", "--guest", DefaultGuest.DescriptionFile, "--smp", "2", "--aia", aia, "--bios", firmware,
            "--append", "covejit.run=\"cat /proc/interrupts; dmesg\"");
        Assert.Equal((0, string.Empty), (code, error));
        Assert.Matches($@"(?m)^ *\d+: +[1-9]\d* .*{controller}.*ttyS0", output);
        Assert.Matches($@"(?m)^ *\d+: +[1-9]\d* .*{controller}.*virtio0", output);
        Assert.Matches(@"(?m)^IPI1: +[1-9]\d* +[1-9]\d* ", output);
        Assert.Contains(ipis, output, StringComparison.Ordinal);
    }

    [GuestFact]
    public void Counting_instructions_makes_runs_repeat_byte_for_byte()
    {
        string first = RunOnce();
        Assert.Contains("CoveJit guest ran, status 0", first, StringComparison.Ordinal);
        Assert.Equal(first, RunOnce());

        static string RunOnce()
        {
            (int code, string output, string error) = CoveJitProcess.Run(
                BootSeconds, "run", "--guest", DefaultGuest.DescriptionFile, "--smp", "2", "--icount", "--append", "covejit.run=\"cat /proc/uptime /proc/interrupts /proc/sys/kernel/random/uuid; date\"");
            Assert.Equal((0, string.Empty), (code, error));
            return output;
        }
    }

    [GuestFact]
    public void Beside_the_guests_memory_the_interpreter_takes_less_than_150_mebibytes()
    {
        string statistics = _directory.File("stats.json");
        (int code, _, string error) = CoveJitProcess.Run(
            BootSeconds, "run", "--guest", DefaultGuest.DescriptionFile, "--append", "covejit.run=true", "--tiers", "0", "--stats", statistics);
        Assert.Equal((0, string.Empty), (code, error));
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(statistics));
        long guest = document.RootElement.GetProperty("guestMemory").GetInt64();
        long host = document.RootElement.GetProperty("hostMemory").GetInt64();
        Assert.InRange(host - guest, 0, 150L << 20);
    }

    [GuestFact]
    public void A_panic_resets_the_machine_and_ends_the_run_where_resets_are_not_wanted()
    {
        (int code, string output, string error) = CoveJitProcess.Run(
            BootSeconds, "run", "--kernel", DefaultGuest.Kernel, "--append", "panic=-1", "--no-reboot", "--trace", "sbi");
        Assert.Contains("Kernel panic - not syncing", output, StringComparison.Ordinal);
        Assert.Contains("covejit: the guest reset itself", error, StringComparison.Ordinal);
        Assert.Contains("covejit: sbi hart 0 system_reset(", error, StringComparison.Ordinal);
        Assert.Equal(3, code);
    }

    private static void BootUnder(string firmware)
    {
        using CoveJitProcess machine = CoveJitProcess.Start("run", "--guest", DefaultGuest.DescriptionFile, "--bios", firmware, "--smp", "2");
        machine.WaitFor("OpenSBI v", CommandSeconds);
        WorkInShell(machine, harts: 2);
    }

    private static void WorkInShell(CoveJitProcess machine, int harts)
    {
        machine.WaitFor(DefaultGuest.ReadyMarker, BootSeconds);
        machine.WaitFor("# ", CommandSeconds);
        machine.Type("uname -m; echo $((6*7)) harts $(nproc)\n");
        machine.WaitFor("riscv64", CommandSeconds);
        machine.WaitFor(string.Create(CultureInfo.InvariantCulture, $"42 harts {harts}"), CommandSeconds);
        machine.Type("poweroff -f\n");
        Assert.Equal(0, machine.WaitForExit(CommandSeconds));
        Assert.Equal(string.Empty, machine.Error);
    }
}
