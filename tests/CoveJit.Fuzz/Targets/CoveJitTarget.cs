using System.Diagnostics;
using CoveJit.Fuzz.Generation;

namespace CoveJit.Fuzz.Targets;

/// <summary>The emulator under test, as its command line: <c>covejit run --bios program.elf</c>, UART on standard output.</summary>
public sealed class CoveJitTarget(string path, IReadOnlyList<string> extraArguments) : ProcessTarget
{
    public override string Name => "covejit";

    protected override ProcessStartInfo Command(string elf, string serial, MachineProfile profile)
    {
        // Without "--guest none" a default guest, if there is one, would come along, and its initrd into the memory of the page tables.
        // Without the AIA: QEMU's is on for its priorities only. Without the hypervisor extension and supervisor domains, as QEMU runs.
        List<string> arguments = ["run", "--bios", elf, "--guest", "none", "--memory", "128M", "--smp", "1", "--net", "none", "--aia", "none", "--cpu", "rv64,h=off,mpt=off", .. extraArguments];
        return path.EndsWith(".dll", StringComparison.Ordinal)
            ? new ProcessStartInfo("dotnet", [path, .. arguments])
            : new ProcessStartInfo(path, arguments);
    }
}
