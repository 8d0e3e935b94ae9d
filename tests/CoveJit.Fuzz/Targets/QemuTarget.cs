using System.Diagnostics;
using CoveJit.Fuzz.Generation;

namespace CoveJit.Fuzz.Targets;

/// <summary>qemu-system-riscv64, tested with Debian's 7.2.</summary>
public sealed class QemuTarget(string path) : ProcessTarget
{
    public override string Name => "qemu";

    protected override ProcessStartInfo Command(string elf, string serial, MachineProfile profile)
    {
        string napot = profile == MachineProfile.Napot ? "on" : "off";
        return new ProcessStartInfo(path,
        [
            "-M", "virt", "-m", "128M", "-smp", "1", "-bios", elf, "-display", "none", "-monitor", "none", "-serial", "file:" + serial, "-cpu",
            "rv64,h=off,v=off,Zfhmin=on,zba=on,zbb=on,zbc=on,zbs=on,zbkb=on,zbkc=on,zbkx=on,zknd=on,zkne=on,zknh=on,svinval=on,svpbmt=on,sstc=on,svnapot="
            + napot,
        ]);
    }
}
