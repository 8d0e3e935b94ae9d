using System.Net;
using System.Security.Cryptography;
using CoveJit.Attestation.Cryptography;
using CoveJit.Cli.Commands;
using CoveJit.Devices.Pcie.Security;
using CoveJit.Devices.Protection;
using CoveJit.Isa;
using CoveJit.Machines.Board;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;
using CoveJit.Tsm;
using CoveJit.Tsm.Abi;

namespace CoveJit.Cli.Tests;

public sealed class RunOptionsTests
{
    [Fact]
    public void No_options_are_the_defaults()
    {
        MachineOptions options = Bind();
        Assert.Equal(1, options.Harts);
        Assert.Equal(1UL << 30, options.MemorySize);
        Assert.Null(options.Kernel);
        Assert.Null(options.Append);
        Assert.Null(options.Firmware);
        Assert.Empty(options.Drives);
        Assert.Equal(NetworkKind.None, options.Network.Kind);
    }

    [Fact]
    public void Own_spellings_are_understood()
    {
        MachineOptions options = Bind(
            "--kernel", "Image", "--initrd", "i.gz", "--append", "console=ttyS0 root=/dev/vda", "--drive", "a.img", "--drive", "b.img,ro",
            "--smp", "4", "--memory", "512M", "--bios", "fw.bin", "--icount", "--mmu", "sv39", "--no-reboot", "--stats", "s.json",
            "--trace", "trap,sbi", "--dump-dtb", "d.dtb");
        Assert.Equal("Image", options.Kernel);
        Assert.Equal("i.gz", options.Initrd);
        Assert.Equal("console=ttyS0 root=/dev/vda", options.Append);
        Assert.Equal([new DriveOptions("a.img"), new DriveOptions("b.img", ReadOnly: true)], options.Drives);
        Assert.Equal(4, options.Harts);
        Assert.Equal(512UL << 20, options.MemorySize);
        Assert.Equal("fw.bin", options.Firmware);
        Assert.True(options.InstructionCount);
        Assert.Equal(PagingMode.Sv39, options.Paging);
        Assert.True(options.NoReboot);
        Assert.Equal("s.json", options.StatisticsFile);
        Assert.Equal(TraceKinds.Trap | TraceKinds.Sbi, options.Trace);
        Assert.Equal("d.dtb", options.DumpDeviceTree);
    }

    [Fact]
    public void PCIe_devices_are_controllers_with_namespaces_VirtIO_functions_and_accelerators()
    {
        MachineOptions options = Bind(
            "--nvme", "a.img", "--nvme", "b.img,ro,namespace=c.img,format=raw,namespace=d.img,readonly=on", "--drive", "e.img,bus=pci", "--drive", "f.img,bus=mmio",
            "--net", "user,bus=pci", "--accelerator", "matrix", "--accelerator", "matrix", "--iommu", "on");
        Assert.True(options.Iommu);
        Assert.False(Bind("--iommu", "off").Iommu);
        Assert.Equal([[new DriveOptions("a.img")], [new("b.img", true), new("c.img", false, DriveFormat.Raw), new("d.img", true)]], options.NvmeControllers);
        Assert.Equal([new DriveOptions("e.img") { Pcie = true }, new DriveOptions("f.img")], options.Drives);
        Assert.True(options.Network.Pcie);
        Assert.Equal(2, options.MatrixEngines.Count);
    }

    [Fact]
    public void Of_any_PCIe_function_it_can_be_said_what_it_proves_and_when_it_comes_and_goes()
    {
        MachineOptions options = Bind(
            "--nvme", "a.img,tee,plug=1.5,pull=3,errors=7,namespace=b.img", "--drive", "c.img,bus=pci,tee=forged", "--accelerator", "matrix,tee=stale", "--net", "user,bus=pci,pull=2");
        FunctionOptions first = new() { Tee = TeeIdentity.Genuine, Arrival = TimeSpan.FromSeconds(1.5), Removal = TimeSpan.FromSeconds(3) };
        Assert.Equal([[new DriveOptions("a.img") { Function = first, ErrorPeriod = 7 }, new("b.img")]], options.NvmeControllers);
        Assert.Equal(TeeIdentity.Forged, options.Drives[0].Function.Tee);
        Assert.Equal([new AcceleratorOptions(new FunctionOptions { Tee = TeeIdentity.Stale })], options.MatrixEngines);
        Assert.Equal(new FunctionOptions { Removal = TimeSpan.FromSeconds(2) }, options.Network.Function);
    }

    [Fact]
    public void TEE_devices_are_asked_for_one_by_one()
    {
        MachineOptions options = Bind(
            "--nvme", "a.img,tee", "--nvme", "d.img", "--drive", "e.img,bus=pci,tee", "--net", "user,bus=pci,tee", "--accelerator", "matrix,tee", "--accelerator", "matrix",
            "--ide", "functional");
        Assert.Equal([true, false], options.NvmeControllers.Select(drives => drives[0].Function.Tee is not null));
        Assert.True(options.Drives[0].Function.Tee == TeeIdentity.Genuine && options.Network.Function.Tee == TeeIdentity.Genuine);
        Assert.Equal([true, false], options.MatrixEngines.Select(engine => engine.Function.Tee is not null));
        Assert.Equal(IdeLinkMode.Functional, options.Ide);
        Assert.Equal(IdeLinkMode.Counted, Bind("--nvme", "a.img,tee").Ide);
    }

    [Fact]
    public void Virtual_machines_get_the_guest_and_the_machine_gets_the_hypervisor()
    {
        MachineOptions options = Bind(
            "--kernel", "Image", "--initrd", "i.gz", "--append", "quiet", "--drive", "a.img", "--vmm", "vmm.elf",
            "--vm", "plain", "--vm", "plain,memory=1G,vcpus=2,initrd=j.gz,drive=b.img,ramdisk=c.img,ramdisk=d.img,append=root=/dev/vda,,x",
            "--vm", "plain,kernel=Other");
        Assert.Equal("vmm.elf", options.Kernel);
        Assert.Null(options.Initrd);
        Assert.Null(options.Append);
        Assert.Equal(3, options.VirtualMachines.Count);
        VirtualMachineOptions first = options.VirtualMachines[0];
        Assert.Equal(("Image", "i.gz", "quiet", 1, 256UL << 20), (first.Kernel, first.Initrd, first.Append, first.Harts, first.MemorySize));
        VirtualMachineOptions second = options.VirtualMachines[1];
        Assert.Equal(("Image", "j.gz", "root=/dev/vda,x", 2, 1UL << 30), (second.Kernel, second.Initrd, second.Append, second.Harts, second.MemorySize));
        Assert.Equal(["c.img", "d.img"], second.RamDisks);

        // An initrd belongs to its kernel.
        Assert.Equal(("Other", null), (options.VirtualMachines[2].Kernel, options.VirtualMachines[2].Initrd));
        Assert.Equal([("a.img", 0), ("b.img", 1)], options.Drives.Select(drive => (drive.Path, drive.VirtualMachine)));
        Assert.InRange(options.MemorySize, 1536UL << 20, ulong.MaxValue);
        Assert.Equal(512UL << 20, Bind("--kernel", "Image", "--vmm", "vmm.elf", "--vm", "plain", "--memory", "512M").MemorySize);
    }

    [Fact]
    public void Functions_are_named_by_kind_or_by_the_bus_of_their_port()
    {
        MachineOptions options = Bind(
            "--kernel", "Image", "--vmm", "vmm.elf", "--iommu", "on", "--nvme", "a.img", "--nvme", "b.img,tee", "--accelerator", "matrix", "--drive", "c.img,bus=pci",
            "--vm", "plain,device=nvme,device=accelerator0", "--vm", "confidential,device=nvme1", "--vm", "plain,device=04:00.0");
        Assert.Equal([["01:00.0", "03:00.0"], ["02:00.0"], ["04:00.0"]], options.VirtualMachines.Select(machine => machine.Functions.Select(function => function.ToString())));
    }

    [Fact]
    public void Functions_may_be_optional_and_what_is_tampered_with_has_a_name()
    {
        MachineOptions options = Bind(
            "--kernel", "Image", "--vmm", "vmm.elf", "--nvme", "a.img,tee", "--nvme", "b.img,tee",
            "--vm", "confidential,device=nvme,device=02:00.0:optional,tamper=interface");
        VirtualMachineOptions machine = Assert.Single(options.VirtualMachines);
        Assert.Equal(["01:00.0", "02:00.0"], machine.Functions.Select(function => function.ToString()));
        Assert.Equal(["02:00.0"], machine.OptionalFunctions.Select(function => function.ToString()));
        Assert.Equal("interface", machine.Tamper);
    }

    [Fact]
    public void A_confidential_virtual_machine_brings_the_TSM_and_the_shim_beside_the_hypervisor()
    {
        MachineOptions options = Bind("--kernel", "Image", "--vmm", "d/vmm", "--vm", "confidential,vcpus=2", "--vm", "confidential,shim=other", "--vm", "plain", "--memory", "2G");
        Assert.Equal(CoveProfile.Current, options.Tsm);
        Assert.Equal([VirtualMachineKind.Confidential, VirtualMachineKind.Confidential, VirtualMachineKind.Plain], options.VirtualMachines.Select(machine => machine.Kind));
        Assert.Equal(["d/shim", "other", null], options.VirtualMachines.Select(machine => machine.Shim));
        Assert.Null(Bind("--kernel", "Image", "--vmm", "d/vmm", "--vm", "plain").Tsm);
    }

    [Fact]
    public void A_balloon_goes_through_sizes_at_times()
    {
        MachineOptions options = Bind(
            "--kernel", "Image", "--vmm", "vmm.elf", "--vm", "plain,balloon=64M@5:0@20,reporting", "--vm", "confidential,balloon=12K", "--vm", "plain");
        Assert.Equal([new BalloonStep(64 << 20, 5), new BalloonStep(0, 20)], options.VirtualMachines[0].Balloon);
        Assert.Equal([new BalloonStep(12 << 10, 0)], options.VirtualMachines[1].Balloon);
        Assert.Empty(options.VirtualMachines[2].Balloon);
        Assert.Equal([true, false, false], options.VirtualMachines.Select(machine => machine.ReportsFreePages));
    }

    [Fact]
    public void Owners_are_known_to_the_TSM_by_their_keys()
    {
        using ECDsa owner = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, owner.ExportSubjectPublicKeyInfoPem());
            Assert.Equal([P384PublicKey.FromKey(owner)], Bind("--kernel", "Image", "--tsm", "static", "--owner", file).TvmOwners);
            Assert.Single(Bind("--kernel", "Image", "--vmm", "vmm.elf", "--vm", "confidential", "--owner", file).TvmOwners);
            Refuses(2, "covejit: --owner is for a TEE security manager, and there is none; add --tsm on", "--owner", file);
            File.WriteAllText(file, other.ExportSubjectPublicKeyInfoPem());
            Refuses(1, $"covejit: owner {file}: ", "--tsm", "on", "--owner", file);
            Refuses(1, "covejit: owner missing.pem cannot be read", "--tsm", "on", "--owner", "missing.pem");
        }
        finally
        {
            File.Delete(file);
        }

        static void Refuses(int expected, string message, params string[] arguments)
        {
            (int code, _, string error) = Invoke(_ => 0, ["run", "--kernel", "Image", .. arguments]);
            Assert.Equal(expected, code);
            Assert.StartsWith(message, error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("covejit: --vm balloon=64X does not say", "--kernel", "Image", "--vm", "plain,balloon=64X")]
    [InlineData("covejit: --vm balloon=64M@5:0@5 does not say", "--kernel", "Image", "--vm", "plain,balloon=64M@5:0@5")]
    [InlineData("covejit: --vm balloon=1M@ does not say", "--kernel", "Image", "--vm", "plain,balloon=1M@")]
    [InlineData("covejit: --vm balloon=: there are 256 MiB to be taken", "--kernel", "Image", "--vm", "plain,balloon=257M")]
    [InlineData("covejit: --vm reporting: free pages are reported to a balloon", "--kernel", "Image", "--vm", "plain,reporting")]
    [InlineData("covejit: --vm confidential,reporting: ", "--kernel", "Image", "--vm", "confidential,balloon=0,reporting")]
    [InlineData("covejit: --vm: balloon= and device= exclude each other", "--kernel", "Image", "--vm", "plain,balloon=1M,device=nvme")]
    [InlineData("covejit: --drive: tee, plug and pull are said of a PCIe function; add bus=pci", "--drive", "a.img,tee")]
    [InlineData("covejit: --net: tee, plug and pull are said of a PCIe function; add bus=pci", "--net", "user,tee")]
    [InlineData("covejit: --ide is about links to devices with tee, and there are none", "--nvme", "a.img", "--ide", "functional")]
    [InlineData("covejit: --ide off is not known", "--nvme", "a.img,tee", "--ide", "off")]
    [InlineData("covejit: --accelerator", "--accelerator", "matrix,x")]
    [InlineData("covejit: --vm: 'shim=x' is not understood", "--vm", "plain,shim=x")]
    [InlineData("covejit: --vm confidential is for the managed firmware; leave --bios", "--kernel", "Image", "--vm", "confidential", "--bios", "fw.bin")]
    [InlineData("covejit: --vm confidential needs harts with today's memory protection tables", "--kernel", "Image", "--vm", "confidential", "--cpu", "rv64,mpt=off")]
    [InlineData("covejit: --vm confidential is for the functions as the specification numbers them; leave --cove-abi out", "--kernel", "Image", "--vm", "confidential", "--tsm", "on", "--cove-abi", "salus")]
    [InlineData("covejit: --vm hyper begins with no kind of virtual machine; write --vm plain", "--vm", "hyper")]
    [InlineData("covejit: --vm memory=1M is not a size for a virtual machine; give an even number of MiB", "--vm", "plain,memory=1M")]
    [InlineData("covejit: --vm: 'tamper=interfaces' is not understood", "--kernel", "Image", "--vm", "confidential,tamper=interfaces")]
    [InlineData("covejit: --vm: 'tamper=interface' is not understood", "--kernel", "Image", "--vm", "plain,tamper=interface")]
    [InlineData("covejit: --vm device=nvme:maybe: the machine has no such PCIe function", "--kernel", "Image", "--nvme", "a.img,tee", "--vm", "confidential,device=nvme:maybe")]
    [InlineData("covejit: --vm vcpus=9 is not a number of virtual harts; give 1 to 8", "--vm", "plain,vcpus=9")]
    [InlineData("covejit: --vm: 'disk=x' is not understood; write --vm plain", "--vm", "plain,disk=x")]
    [InlineData("covejit: --vm has no kernel; give --kernel", "--vm", "plain")]
    [InlineData("covejit: --vm needs harts with the hypervisor extension; leave --cpu out", "--vm", "plain", "--cpu", "rv64,h=off")]
    [InlineData("covejit: --vm needs IMSICs with guest interrupt files; leave --aia out", "--vm", "plain", "--aia", "imsic,guests=0")]
    [InlineData("covejit: --vm needs IMSICs with guest interrupt files; leave --aia out", "--vm", "plain", "--aia", "none")]
    [InlineData("covejit: --vmm is given without a virtual machine for it; add --vm plain", "--kernel", "Image")]
    [InlineData("covejit: --vm device= needs an IOMMU", "--kernel", "Image", "--nvme", "a.img", "--vm", "plain,device=nvme")]
    [InlineData("covejit: --vm device=nvme1: the machine has no such PCIe function", "--kernel", "Image", "--iommu", "on", "--nvme", "a.img", "--vm", "plain,device=nvme1")]
    [InlineData("covejit: --vm device=nvme: the machine has no such PCIe function", "--kernel", "Image", "--iommu", "on", "--accelerator", "matrix", "--vm", "plain,device=nvme")]
    [InlineData("covejit: --vm device=nvme-1: the machine has no such PCIe function", "--kernel", "Image", "--iommu", "on", "--nvme", "a.img", "--vm", "plain,device=nvme-1")]
    [InlineData("covejit: --vm device=02:00.0: the machine has no such PCIe function", "--kernel", "Image", "--iommu", "on", "--nvme", "a.img", "--vm", "plain,device=02:00.0")]
    [InlineData("covejit: --vm: the PCIe function 01:00.0 can have one owner only", "--kernel", "Image", "--iommu", "on", "--nvme", "a.img", "--vm", "plain,device=nvme", "--vm", "plain,device=01:00.0")]
    public void Virtual_machines_that_cannot_be_are_refused(string expected, params string[] arguments)
    {
        (int code, _, string error) = Invoke(_ => 0, ["run", "--vmm", "vmm.elf", .. arguments]);
        Assert.Equal(2, code);
        Assert.StartsWith(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rv64", true)]
    [InlineData("rv64,h=on", true)]
    [InlineData("rv64,h=off", false)]
    [InlineData("max,h=off", false)]
    public void The_hypervisor_extension_can_be_left_out(string cpu, bool present)
    {
        Assert.True(Bind().Extensions.Has(Extension.H));
        Assert.Equal(present, Bind("-cpu", cpu).Extensions.Has(Extension.H));
        Assert.Equal(ExtensionSet.All.Without(Extension.H), Bind("--cpu", cpu).Extensions.Without(Extension.H));
    }

    [Fact]
    public void Supervisor_domains_can_be_left_out_have_older_tables_or_divide_the_machine()
    {
        Assert.Equal((true, false, SupervisorDomainMode.Off), (Bind().Extensions.Has(Extension.Smsd), Bind().LegacyProtectionTables, Bind().SupervisorDomains));
        Assert.Equal(ExtensionSet.All.Without(Extension.Smsd), Bind("--cpu", "rv64,mpt=off").Extensions);
        Assert.Equal(ExtensionSet.All.Without(Extension.Smsd).Without(Extension.H), Bind("--cpu", "rv64,mpt=off,h=off").Extensions);
        MachineOptions legacy = Bind("--cpu", "rv64,mpt=legacy");
        Assert.Equal((ExtensionSet.All, true), (legacy.Extensions, legacy.LegacyProtectionTables));
        Assert.Equal(SupervisorDomainMode.On, Bind("--mpt", "on").SupervisorDomains);
        Assert.Equal(SupervisorDomainMode.Pages, Bind("--mpt", "pages").SupervisorDomains);
        Assert.Equal(SupervisorDomainMode.Off, Bind("--mpt", "off").SupervisorDomains);
    }

    [Fact]
    public void The_TEE_security_manager_is_there_on_request_with_one_of_two_numberings()
    {
        Assert.Null(Bind().Tsm);
        Assert.Null(Bind("--tsm", "off").Tsm);
        Assert.Equal(CoveProfile.Current, Bind("--tsm", "on").Tsm);
        Assert.Equal(CoveProfile.Current, Bind("--tsm", "on", "--cove-abi", "current").Tsm);
        Assert.Equal(CoveProfile.Salus, Bind("--tsm", "on", "--cove-abi", "salus").Tsm);
        Assert.Equal(TsmModel.SupervisorDomain, Bind("--tsm", "on").TsmModel);
        Assert.Equal((CoveProfile.Current, TsmModel.Static), (Bind("--tsm", "static").Tsm, Bind("--tsm", "static").TsmModel));
        Assert.Equal(TraceKinds.Cove, Bind("--trace", "cove").Trace);
    }

    [Fact]
    public void A_qemu_command_line_is_understood()
    {
        MachineOptions options = Bind(
            "-M", "virt", "-nographic", "-smp", "cpus=2,sockets=1", "-m", "1G", "-kernel", "Image", "-initrd", "i", "-append", "root=/dev/vda ro",
            "-drive", "file=a,,b=c.qcow2,readonly=on,if=virtio,format=qcow2,id=hd0", "-nic", "user,hostfwd=tcp::2222-:22", "-bios", "default",
            "-serial", "mon:stdio", "-no-reboot");
        Assert.Equal(2, options.Harts);
        Assert.Equal(1UL << 30, options.MemorySize);
        Assert.Equal("Image", options.Kernel);
        Assert.Equal("root=/dev/vda ro", options.Append);
        Assert.Equal(new DriveOptions("a,b=c.qcow2", true, DriveFormat.Qcow2), Assert.Single(options.Drives));
        Assert.Equal(new HostForward(false, IPAddress.Any, 2222, null, 22), Assert.Single(options.Network.Forwards));
        Assert.Null(options.Firmware);
    }

    [Fact]
    public void Translations_are_kept_where_the_user_says()
    {
        Assert.Equal(new TranslationCacheOptions("d", Required: true), Bind("--cache", "d").TranslationCache);
        Assert.Null(Bind("--cache", "off").TranslationCache);
        Assert.EndsWith("covejit/translations", Bind().TranslationCache!.Directory, StringComparison.Ordinal);
        Assert.False(Bind().TranslationCache!.Required);
    }

    [Fact]
    public void Translated_code_can_be_looked_at()
    {
        Assert.Equal(new DumpTarget(0xffff_ffff_8000_0000), Bind("--dump-asm", "0xffffffff80000000").DumpAsm);
        MachineOptions options = Bind("--check", "--dump-asm", "hot", "--dump-asm-to", "f", "--profile", "--perf-map");
        Assert.True(options.Check && options.InstructionCount && options.Profile && options.PerfMap);
        Assert.Equal(new DumpTarget(null), options.DumpAsm);
        Assert.Equal("f", options.DumpAsmFile);
    }

    [Theory]
    [InlineData("user", NetworkKind.User, 0)]
    [InlineData("none", NetworkKind.None, 0)]
    [InlineData("tap,ifname=tap0,script=no,downscript=no", NetworkKind.Tap, 0)]
    [InlineData("user,hostfwd=tcp:127.0.0.1:80-10.0.2.15:8080,hostfwd=udp::53-:53", NetworkKind.User, 2)]
    public void Networks_are_understood(string text, NetworkKind kind, int forwards)
    {
        NetworkOptions network = Bind("--net", text).Network;
        Assert.Equal(kind, network.Kind);
        Assert.Equal(forwards, network.Forwards.Count);
        Assert.Equal(kind == NetworkKind.Tap ? "tap0" : null, network.TapName);
    }

    [Theory]
    [InlineData("imsic", InterruptArchitecture.Imsic, 7)]
    [InlineData("imsic,guests=0", InterruptArchitecture.Imsic, 0)]
    [InlineData("imsic,guests=63", InterruptArchitecture.Imsic, 63)]
    [InlineData("aplic", InterruptArchitecture.Aplic, 7)]
    [InlineData("none", InterruptArchitecture.Plic, 7)]
    public void Interrupt_controllers_are_understood(string text, InterruptArchitecture architecture, int guests)
    {
        MachineOptions options = Bind("--aia", text);
        Assert.Equal((architecture, guests), (options.Interrupts, options.GuestInterruptFiles));
        Assert.Equal(InterruptArchitecture.Imsic, Bind().Interrupts);
    }

    [Fact]
    public void A_bare_metal_test_takes_a_signature()
    {
        MachineOptions options = Bind("--htif", "t.elf", "--signature", "s", "--signature-granularity", "4");
        Assert.Equal("t.elf", options.HtifProgram);
        Assert.Equal("s", options.SignatureFile);
        Assert.Equal(4, options.SignatureGranularity);
    }

    [Theory]
    [InlineData("unknown option '--kernal'; did you mean '--kernel'?", "--kernal", "Image")]
    [InlineData("unknown option '--kernal'; did you mean '--kernel'?", "--kernal=Image")]
    [InlineData("unknown option '--memroy'; did you mean '--memory'?", "--memroy", "1G")]
    [InlineData("unknown option '-krenel'; did you mean '--kernel'?", "-krenel", "x")]
    [InlineData("unknown option '--frobnicate'; covejit run --help", "--frobnicate")]
    [InlineData("write --net user", "-netdev", "user,id=n")]
    [InlineData("attached with --drive, --nvme, --net", "-device", "virtio-blk-device")]
    [InlineData("unknown argument 'Image'", "Image")]
    [InlineData("--kernel", "--kernel")]
    [InlineData("--kernel", "--kernel", "a", "--kernel", "b")]
    [InlineData("--smp 0 is not a number of harts; give 1 to 8", "--smp", "0")]
    [InlineData("--smp 9 ", "--smp", "9")]
    [InlineData("--smp two ", "--smp", "two")]
    [InlineData("--memory 1X is not a size", "--memory", "1X")]
    [InlineData("--memory 1K is out of range", "--memory", "1K")]
    [InlineData("--memory 9999T is out of range", "--memory", "9999T")]
    [InlineData("--memory 2000001B is not a whole number", "--memory", "2000001B")]
    [InlineData("--mmu sv32 ", "--mmu", "sv32")]
    [InlineData("--trace all is not known", "--trace", "trap,all")]
    [InlineData("--drive: 'rw' is not understood", "--drive", "f,rw")]
    [InlineData("--drive names no file", "--drive", ",ro")]
    [InlineData("if=ide is not supported", "--drive", "file=f,if=ide")]
    [InlineData("format=vmdk is not supported", "--drive", "file=f,format=vmdk")]
    [InlineData("readonly=maybe is neither", "--drive", "file=f,readonly=maybe")]
    [InlineData("--net: 'bridge' is not understood", "--net", "bridge")]
    [InlineData("hostfwd=tcp:22", "--net", "user,hostfwd=tcp:22")]
    [InlineData("'0' is no port", "--net", "user,hostfwd=tcp::0-:22")]
    [InlineData("'1' is no IPv4 address", "--net", "user,hostfwd=tcp:1:22-:22")]
    [InlineData("--net tap names no interface", "--net", "tap")]
    [InlineData("-machine sifive_u is not supported", "-M", "sifive_u")]
    [InlineData("--bios none is not supported", "-bios", "none")]
    [InlineData("--aia plic is not supported; give imsic", "--aia", "plic")]
    [InlineData("--iopmp big is no model; give full", "--iopmp", "big")]
    [InlineData("--iopmp full,md=1,x=2 is not supported: x is unknown", "--iopmp", "full,md=1,x=2")]
    [InlineData("--iopmp md=64 is out of range; give 1 to 63", "--iopmp", "full,md=64")]
    [InlineData("--iopmp entries=0 is out of range; give 1 to 4096", "--iopmp", "full,entries=0")]
    [InlineData("--iopmp entries= is out of range", "--iopmp", "full,entries")]
    [InlineData("--iopmp rapid,entries=129,md=1 has more than 128 entries for each memory domain", "--iopmp", "rapid,entries=129,md=1")]
    [InlineData("a hart does not have 32 PMP entries; write pmp=16", "--cpu", "rv64,pmp=32")]
    [InlineData("--aia imsic,guests=64 is not supported", "--aia", "imsic,guests=64")]
    [InlineData("--aia imsic,guests=-1 is not supported", "--aia", "imsic,guests=-1")]
    [InlineData("--aia imsic,files=1 is not supported", "--aia", "imsic,files=1")]
    [InlineData("--aia imsic=1,guests=1 is not supported", "--aia", "imsic=1,guests=1")]
    [InlineData("--aia imsic,guests=1,guests=2 is not supported", "--aia", "imsic,guests=1,guests=2")]
    [InlineData("--aia aplic,guests=1 is not supported", "--aia", "aplic,guests=1")]
    [InlineData("--cpu: mpt=smmtt is neither on nor off", "--cpu", "rv64,mpt=smmtt")]
    [InlineData("--mpt large is not supported; write --mpt on", "--mpt", "large")]
    [InlineData("--mpt is for the managed firmware", "--mpt", "on", "--bios", "f")]
    [InlineData("--mpt is for the managed firmware", "--mpt", "on", "--htif", "f")]
    [InlineData("--mpt needs harts with today's memory protection tables", "--mpt", "on", "--cpu", "rv64,mpt=off")]
    [InlineData("--mpt needs harts with today's memory protection tables", "--mpt", "pages", "--cpu", "rv64,mpt=legacy")]
    [InlineData("--tsm maybe is not supported; write --tsm on", "--tsm", "maybe")]
    [InlineData("--cove-abi ace is not supported", "--tsm", "on", "--cove-abi", "ace")]
    [InlineData("--cove-abi is given without --tsm on; add --tsm on", "--cove-abi", "salus")]
    [InlineData("--tsm is for the managed firmware", "--tsm", "on", "--bios", "f")]
    [InlineData("--tsm needs harts with today's memory protection tables", "--tsm", "on", "--cpu", "rv64,mpt=off")]
    [InlineData("--tsm needs harts with the hypervisor extension", "--tsm", "on", "--cpu", "rv64,h=off")]
    [InlineData("--check compares the translator with the interpreter", "--check", "--tiers", "0")]
    [InlineData("leave --net out", "--check", "--net", "user")]
    [InlineData("write a.img,ro", "--check", "--drive", "a.img")]
    [InlineData("write b.img,ro", "--check", "--nvme", "a.img,ro,namespace=b.img")]
    [InlineData("--nvme: 'rw' is not understood", "--nvme", "a.img,rw")]
    [InlineData("pulled before it is plugged", "--nvme", "a.img,plug=3,pull=2")]
    [InlineData("plug=now is no time", "--accelerator", "matrix,plug=now")]
    [InlineData("tee=yes is not known", "--nvme", "a.img,tee=yes")]
    [InlineData("said of a PCIe function", "--drive", "a.img,pull=1")]
    [InlineData("said of a PCIe function", "--net", "user,tee")]
    [InlineData("errors=1 is not understood", "--nvme", "a.img,errors=1")]
    [InlineData("--iommu: --iommu=maybe is neither on nor off", "--iommu", "maybe")]
    [InlineData("--nvme: format=vmdk is not supported", "--nvme", "a.img,format=vmdk")]
    [InlineData("--drive: bus=usb is not supported", "--drive", "a.img,bus=usb")]
    [InlineData("--accelerator tensor is not known", "--accelerator", "tensor")]
    [InlineData("--dump-asm x is not an address", "--dump-asm", "x")]
    [InlineData("--dump-asm-to is given without --dump-asm", "--dump-asm-to", "f")]
    [InlineData("--dump-asm is about translated code", "--dump-asm", "hot", "--tiers", "0")]
    [InlineData("--perf-map is about translated code", "--perf-map", "--tiers", "0")]
    [InlineData("--signature is given without --htif", "--signature", "s")]
    [InlineData("leave --kernel", "--htif", "t", "--kernel", "k")]
    [InlineData("--signature-granularity 3 ", "--htif", "t", "--signature-granularity", "3")]
    public void A_wrong_command_line_is_one_line_and_exit_code_2(string expected, params string[] arguments)
    {
        (int code, string output, string error) = Invoke(_ => 0, ["run", .. arguments]);
        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.StartsWith("covejit: ", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Contains("; ", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void A_load_error_is_one_line_and_exit_code_1()
    {
        (int code, _, string error) = Invoke(_ => throw new LoadException("--kernel x does not exist", "check the path"), ["run"]);
        Assert.Equal(1, code);
        Assert.Equal("covejit: --kernel x does not exist; check the path\n", error);

        (code, _, error) = Invoke(_ => throw new IOException("No space left on device : 's.json'"), ["run"]);
        Assert.Equal(1, code);
        Assert.Equal("covejit: No space left on device : 's.json'; check the path and the disk\n", error);
    }

    [Fact]
    public void An_IOPMP_has_what_is_asked_for()
    {
        Assert.Null(Bind().Iopmp);
        Assert.Null(Bind("--iopmp", "none").Iopmp);
        Assert.Equal(new IopmpConfiguration(), Bind("--iopmp", "full").Iopmp);
        Assert.Equal(new IopmpConfiguration { Model = IopmpModel.Rapid, Entries = 128, Domains = 1 }, Bind("--iopmp", "rapid,entries=128,md=1").Iopmp);
        Assert.Equal(new IopmpConfiguration { Model = IopmpModel.Compact, Domains = 7 }, Bind("--iopmp", "compact,md=7").Iopmp);
    }

    [Fact]
    public void Harts_have_16_or_64_PMP_entries()
    {
        Assert.Equal(16, Bind().PmpEntries);
        MachineOptions options = Bind("--cpu", "rv64,mpt=off,pmp=64");
        Assert.Equal((64, false), (options.PmpEntries, options.Extensions.Has(Extension.Smsd)));
    }

    [Fact]
    public void The_guests_verdict_is_the_exit_code() => Assert.Equal(42, Invoke(_ => 42, ["run"]).Code);

    [Fact]
    public void The_root_explains_itself()
    {
        Assert.Contains("no command is given", Invoke(_ => 0, []).Error, StringComparison.Ordinal);
        Assert.Contains("unknown command 'rum'; did you mean 'run'?", Invoke(_ => 0, ["rum"]).Error, StringComparison.Ordinal);
        (int code, string help, _) = Invoke(_ => 0, ["run", "--help"]);
        Assert.Equal(0, code);
        Assert.Contains("--signature-granularity", help, StringComparison.Ordinal);
        Assert.DoesNotContain("nographic", help, StringComparison.Ordinal);
    }

    [Fact]
    public void Info_prints_the_memory_map()
    {
        (int code, string output, _) = Invoke(_ => 0, ["info"]);
        Assert.Equal(0, code);
        Assert.Contains("uart0      0x10000000", output, StringComparison.Ordinal);

        (_, string json, _) = Invoke(_ => 0, ["info", "--json"]);
        using System.Text.Json.JsonDocument document = System.Text.Json.JsonDocument.Parse(json);
        Assert.Equal(1, document.RootElement.GetProperty("schema_version").GetInt32());
        Assert.Contains(document.RootElement.GetProperty("memory_map").EnumerateArray(), r => r.GetProperty("name").GetString() == "plic");
    }

    private static MachineOptions Bind(params string[] arguments)
    {
        MachineOptions? bound = null;
        (int code, _, string error) = Invoke(
            options =>
            {
                bound = options;
                return 0;
            },
            ["run", .. arguments]);
        Assert.Equal((0, string.Empty), (code, error));
        return bound!;
    }

    private static (int Code, string Output, string Error) Invoke(Func<MachineOptions, int> run, string[] arguments)
    {
        StringWriter output = new() { NewLine = "\n" };
        StringWriter error = new() { NewLine = "\n" };
        RunCommand command = new(run, (options, _) => options, VirtualMachineSelection.Add);
        int code = CommandLineHost.Invoke(CommandLineHost.Root(command.Command, GuestCommand.Build(), DisassembleCommand.Build(), InfoCommand.Build()), arguments, output, error);
        return (code, output.ToString(), error.ToString());
    }
}
