namespace CoveJit.EndToEnd.Tests;

/// <summary>Debian's KVM on the hypervisor extension.</summary>
public sealed class HypervisorTests
{
    private const int BootSeconds = 240;
    private const int NestedSeconds = 600;

    [GuestFact]
    public void KVM_finds_the_hypervisor_extension_and_its_VMIDs()
    {
        string output = Run("--smp", "2");
        Assert.Contains(": hypervisor extension available", output, StringComparison.Ordinal);
        Assert.Contains(": using Sv57x4 G-stage page table format", output, StringComparison.Ordinal);
        Assert.Contains(": VMID 14 bits available", output, StringComparison.Ordinal);
        Assert.Contains(": AIA available with 7 guest external interrupts", output, StringComparison.Ordinal);
        Assert.Contains("/dev/kvm", output, StringComparison.Ordinal);
        Assert.Contains("CoveJit guest ran, status 0", output, StringComparison.Ordinal);
    }

    [GuestFact]
    public void KVM_refuses_harts_without_it()
    {
        string output = Run("--cpu", "rv64,h=off");
        Assert.DoesNotContain("hypervisor extension available", output, StringComparison.Ordinal);
        Assert.DoesNotContain("CoveJit guest ran, status 0", output, StringComparison.Ordinal);
    }

    [NestedGuestFact]
    public void Debians_QEMU_boots_the_same_kernel_under_KVM()
    {
        (int code, string output, string error) = CoveJitProcess.Run(
            NestedSeconds, "run", "--guest", NestedGuestFactAttribute.DescriptionFile, "--append", "quiet covejit.run=\"/nested/run uname -m\"");
        Assert.Equal((0, string.Empty), (code, error));
        Assert.Equal(2, Count(output, "CoveJit guest ready"));
        Assert.Equal(2, Count(output, "CoveJit guest ran, status 0"));
        Assert.Contains("riscv64", output, StringComparison.Ordinal);

        static int Count(string text, string part) => (text.Length - text.Replace(part, string.Empty, StringComparison.Ordinal).Length) / part.Length;
    }

    private static string Run(params string[] arguments)
    {
        (int code, string output, string error) = CoveJitProcess.Run(
            BootSeconds, ["run", "--guest", DefaultGuest.DescriptionFile, .. arguments, "--append", "covejit.run=\"modprobe kvm && ls /dev/kvm\""]);
        Assert.Equal((0, string.Empty), (code, error));
        return output;
    }
}
