using System.Diagnostics;
using CoveJit.Fuzz.Generation;

namespace CoveJit.Fuzz.Targets;

/// <summary>qemu-system-riscv64, tested with Debian's 7.2.</summary>
public sealed class QemuTarget(string path) : ProcessTarget
{
    public override string Name => "qemu";

    protected override ProcessStartInfo Command(string elf, string serial, MachineProfile profile)
    {
        string extended = profile == MachineProfile.Extended ? "on" : "off";
        // maxcpus=2 on a machine of one hart makes TCG emit real atomic operations; without it an AMO is a load and a store
        // apart, and its faults are reported as load faults (Unprivileged, "AMO": they are store/AMO faults).
        // The AIA extensions only bring their default interrupt priorities: without them QEMU takes the lowest number first
        // (Privileged, "mip and mie": MEI, MSI, MTI, SEI, SSI, STI).
        return new ProcessStartInfo(path,
        [
            "-M", "virt", "-m", "128M", "-smp", "1,maxcpus=2", "-bios", elf, "-display", "none", "-monitor", "none", "-serial", "file:" + serial, "-cpu",
            "rv64,h=off,v=off,x-smaia=on,x-ssaia=on,Zfhmin=on,zba=on,zbb=on,zbc=on,zbs=on,zbkb=on,zbkc=on,zbkx=on,zknd=on,zkne=on,zknh=on,svinval=on,sstc=on,"
            + $"svnapot={extended},svpbmt={extended}",
        ]);
    }
}
