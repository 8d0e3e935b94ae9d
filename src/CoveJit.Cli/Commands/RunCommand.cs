using System.CommandLine;
using System.Globalization;
using CoveJit.Attestation.Verification;
using CoveJit.Cli.Parsing;
using CoveJit.Devices.Pcie.Security;
using CoveJit.Devices.Protection;
using CoveJit.Isa;
using CoveJit.Machines.Board;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;
using CoveJit.Tsm;
using CoveJit.Tsm.Abi;

namespace CoveJit.Cli.Commands;

/// <summary><c>covejit run</c>: its options, with QEMU's spellings as aliases, and their binding into <see cref="MachineOptions"/>.</summary>
internal sealed class RunCommand
{
    private static readonly (string Name, TraceKinds Kind)[] TraceNames =
    [
        ("trap", TraceKinds.Trap),
        ("mmio", TraceKinds.Mmio),
        ("sbi", TraceKinds.Sbi),
        ("cove", TraceKinds.Cove),
    ];

    private readonly Option<string?> _kernel = Text("--kernel", "F", "Linux Image (plain, gzip or EFI zboot) or ELF to boot", "-kernel");
    private readonly Option<string?> _guest = Text("--guest", "NAME", "Boot a guest that 'covejit guest build' made: default, disk or bench; the path of its .json; or none [default, unless --kernel is given]");
    private readonly Option<string?> _initrd = Text("--initrd", "F", "Initial RAM disk", "-initrd");
    private readonly Option<string?> _append = Text("--append", "S", "Kernel command line", "-append");
    private readonly Option<string[]> _drive = new("--drive", "-drive") { HelpName = "F[,ro]", Description = "VirtIO block device from an image file; with ,bus=pci a PCIe function, of which tee, plug and pull can be said as in --nvme; ,errors=N lets every Nth read or write fail; may be repeated", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
    private readonly Option<string[]> _nvme = new("--nvme") { HelpName = "F[,ro][,tee]", Description = "NVMe controller with a namespace from an image file, and from others: F[,ro][,tee][,plug=S][,pull=S][,namespace=F[,ro]]...; tee: a device that a confidential virtual machine can trust (tee=forged, tee=stale: one that it should not); plug, pull: when it arrives and leaves; errors=N as in --drive; may be repeated", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
    private readonly Option<string[]> _accelerator = new("--accelerator") { HelpName = "matrix[,tee]", Description = "PCIe accelerator: an engine that multiplies matrices; tee, plug and pull as in --nvme; may be repeated", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
    private readonly Option<string?> _ide = Text("--ide", "counted|functional", "link encryption of devices with tee: TLPs are counted, or encrypted and checked [counted]");
    private readonly Option<string?> _iommu = Text("--iommu", "on|off", "RISC-V IOMMU between PCIe functions and memory [off]");
    private readonly Option<string?> _net = Text("--net", "user|tap|none", "Network card: user[,hostfwd=tcp::HOST-:GUEST]..., tap,ifname=NAME or none; with ,bus=pci a PCIe function", "-net", "-nic");
    private readonly Option<string[]> _vm = new("--vm")
    {
        HelpName = "KIND[,...]",
        Description = "Run the guest in a virtual machine, on CoveJit's hypervisor: plain or confidential, then [,memory=SIZE][,vcpus=N][,kernel=F][,initrd=F][,drive=F]...[,ramdisk=F]...[,device=NAME]...[,append=S][,shim=F]; may be repeated, and the first gets the drives of --drive",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<string?> _vmm = Text("--vmm", "F", "The hypervisor for --vm [the one that 'covejit guest build vmm' made]");
    private readonly Option<string?> _smp = Text("--smp", "N", $"Number of harts, 1 to {MachineOptions.MostHarts} [1]", "-smp");
    private readonly Option<string?> _memory = Text("--memory", "SIZE", "RAM, for example 512M or 2G; a plain number counts MiB [1G]", "-m");
    private readonly Option<string?> _bios = Text("--bios", "F|managed", "Machine-mode firmware, such as OpenSBI's fw_dynamic.bin [managed: CoveJit's own]", "-bios");
    private readonly Option<string?> _aia = Text("--aia", "imsic[,guests=N]|aplic|none", $"Interrupt controllers: an APLIC, and in each hart an IMSIC with N guest interrupt files (0 to {MachineOptions.MostGuestFiles}, [7]); an APLIC alone; or a PLIC and harts without the AIA [imsic]");
    private readonly Option<string?> _iopmp = Text("--iopmp", "MODEL[,entries=N][,md=N]", $"IOPMP between devices and memory, which checks nothing until the guest enables it: full, rapid, compact or none; with N entries ([64], at most {IopmpConfiguration.MostEntries}) and N memory domains ([16], at most {IopmpConfiguration.MostDomains}) [none]");
    private readonly Option<bool> _icount = new("--icount") { Description = "Derive time from instructions and run harts in turn: every run is the same" };
    private readonly Option<string?> _tiers = Text("--tiers", "LIST", "What executes guest code: 0 the interpreter, 1 native code of blocks, 2 compiled regions [0,1,2]");
    private readonly Option<string?> _hot = Text("--hot", "N[,M]", "Times a block is interpreted before it becomes native code, and runs before a region is compiled [4,30000]");
    private readonly Option<string?> _cache = Text("--cache", "DIR|off", "Where native code is kept for later runs [~/.cache/covejit/translations]");
    private readonly Option<bool> _check = new("--check") { Description = "Run the translator and the interpreter in step, with --icount, and stop at the first difference" };
    private readonly Option<string?> _dumpAsm = Text("--dump-asm", "ADDR|hot", "At the end, write the guest, IL and host code of the translations that cover a virtual address, or of the ten hottest");
    private readonly Option<string?> _dumpAsmTo = Text("--dump-asm-to", "F", "With --dump-asm: write to a file instead of standard error");
    private readonly Option<bool> _profile = new("--profile") { Description = "At the end, print a table of the guest code that ran most" };
    private readonly Option<bool> _perfMap = new("--perf-map") { Description = "Name translated code for Linux perf in /tmp/perf-PID.map" };
    private readonly Option<string?> _cpu = Text("--cpu", "rv64[,h=off][,mpt=off|legacy][,pmp=16|64]", "What the harts implement: everything, without the hypervisor extension, without supervisor domains, or with the memory tracking tables of 2024; and how many PMP entries [rv64,pmp=16]", "-cpu");
    private readonly Option<string?> _mpt = Text("--mpt", "off|on|pages", "Supervisor domains under the managed firmware: none; the host's, under a memory protection table of the largest leaves; the same by pages of 4 KiB [off]");
    private readonly Option<string?> _tsm = Text("--tsm", "on|static|off", "TEE security manager under the managed firmware: confidential virtual machines by the CoVE ABI; needs and makes supervisor domains; static: a quarter of memory is confidential, and never changes [off]");
    private readonly Option<string?> _coveAbi = Text("--cove-abi", "current|salus", "With --tsm on: the numbering of its functions, that of the specification or the older one of the Salus TSM [current]");
    private readonly Option<string?> _mmu = Text("--mmu", "sv39|sv48|sv57", "Largest paging mode [sv57]");
    private readonly Option<bool> _noReboot = new("--no-reboot", "-no-reboot") { Description = "Exit, with code 3, when the guest reboots" };
    private readonly Option<string[]> _owner = new("--owner") { HelpName = "FILE", Description = "With a TEE security manager: public key (P-384, PEM or DER) or certificate of an owner of confidential virtual machines, whose attestation payloads it accepts; may be repeated" };
    private readonly Option<string?> _dumpLaunch = Text("--dump-launch", "DIR", "Write launch plans and evidence of the confidential virtual machines into a directory at the end, for measure and verify");
    private readonly Option<string?> _stats = Text("--stats", "F", "Write statistics to a JSON file at the end");
    private readonly Option<string?> _trace = Text("--trace", "WHAT", $"Trace to standard error: {string.Join(',', TraceNames.Select(t => t.Name))}");
    private readonly Option<string?> _dumpDtb = Text("--dump-dtb", "F", "Write the device tree blob and exit");
    private readonly Option<string?> _htif = Text("--htif", "ELF", "Run a bare-metal test that reports through tohost; its verdict is the exit code");
    private readonly Option<string?> _signature = Text("--signature", "F", "With --htif: write the memory from begin_signature to end_signature");
    private readonly Option<string?> _granularity = Text("--signature-granularity", "N", "Bytes in a line of the signature: 1, 2, 4, 8 or 16 [16]");

    // What QEMU users type by habit and what is so anyway: accepted, checked, without effect.
    private readonly Option<bool> _nographic = new("--nographic", "-nographic") { Hidden = true };
    private readonly Option<string?> _machine = new("--machine", "-machine", "-M") { Hidden = true };
    private readonly Option<string?> _serial = new("--serial", "-serial") { Hidden = true };
    private readonly Option<string?> _display = new("--display", "-display") { Hidden = true };

    /// <summary>Builds the command.</summary>
    /// <param name="run">Runs a machine and returns the process's exit code.</param>
    /// <param name="selectGuest">Adds the files of the guest the user named, or did not name, to the options.</param>
    /// <param name="addVirtualMachines">Makes of the options of a machine those of one with virtual machines, which <c>--vmm</c> or the usual hypervisor runs.</param>
    public RunCommand(Func<MachineOptions, int> run, Func<MachineOptions, string?, MachineOptions> selectGuest, VirtualMachineAdder addVirtualMachines)
    {
        Command = new Command("run", "Boot a machine; without options, the default guest")
        {
            _guest, _kernel, _initrd, _append, _vm, _vmm, _drive, _nvme, _accelerator, _ide, _iommu, _net, _smp, _memory, _bios, _aia, _iopmp, _icount, _tiers, _hot, _cache, _check, _dumpAsm, _dumpAsmTo, _profile, _perfMap, _cpu, _mpt, _tsm, _coveAbi, _owner, _mmu, _noReboot, _dumpLaunch, _stats, _trace, _dumpDtb,
            _htif, _signature, _granularity, _nographic, _machine, _serial, _display,
        };
        Command.SetAction(result =>
        {
            MachineOptions options = selectGuest(Bind(result), result.GetValue(_guest));
            VirtualMachineRequest[] requests = [.. (result.GetValue(_vm) ?? []).Select(VirtualMachineParser.Parse)];
            if (requests.Length == 0 && result.GetValue(_vmm) is not null)
            {
                throw new UsageException("--vmm is given without a virtual machine for it", "add --vm plain");
            }

            if (requests.Length != 0)
            {
                options = addVirtualMachines(options, requests, result.GetValue(_vmm), result.GetValue(_memory) is null);
                RefuseDomains(options);
            }

            if (options.TvmOwners.Count > 0 && options.Tsm is null)
            {
                throw new UsageException("--owner is for a TEE security manager, and there is none", "add --tsm on, --tsm static or --vm confidential");
            }

            return run(options);
        });
    }

    /// <summary>The command, for the root.</summary>
    public Command Command { get; }

    /// <summary>What to write instead of QEMU options that CoveJit spells another way.</summary>
    public static IReadOnlyDictionary<string, string> QemuHints { get; } = new Dictionary<string, string>
    {
        ["-device"] = "devices are attached with --drive, --nvme, --net and --accelerator",
        ["-netdev"] = "write --net user[,hostfwd=...]",
        ["-hda"] = "write --drive FILE",
        ["-icount"] = "write --icount, which takes no value",
        ["-accel"] = "CoveJit has its own engines; leave it out",
        ["-dtb"] = "CoveJit makes the device tree; --dump-dtb shows it",
    };

    private static Option<string?> Text(string name, string value, string description, params string[] aliases) =>
        new(name, aliases) { HelpName = value, Description = description };

    private static void Only(string option, string? value, params ReadOnlySpan<string> accepted)
    {
        if (value is not null && !accepted.Contains(value))
        {
            throw new UsageException($"{option} {value} is not supported", $"write {option} {accepted[0]} or leave it out");
        }
    }

    private static int ParseHarts(string text)
    {
        (string key, string? value) = KeyValueList.Parse(text)[0];
        string number = value is not null && key == "cpus" ? value : key;
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int harts) && harts is >= 1 and <= MachineOptions.MostHarts && (value is null || key == "cpus")
            ? harts
            : throw new UsageException($"--smp {text} is not a number of harts", $"give 1 to {MachineOptions.MostHarts}");
    }

    private static ulong ParseMemory(string text)
    {
        const ulong PlainUnit = 1UL << 20;
        string size = text.StartsWith("size=", StringComparison.Ordinal) ? text["size=".Length..] : text;
        if (!ByteSize.TryParse(size, PlainUnit, out ulong bytes))
        {
            throw new UsageException($"--memory {text} is not a size", "write for example 512M or 2G");
        }

        if (bytes is < MachineOptions.LeastMemory or > MachineOptions.MostMemory)
        {
            throw new UsageException(
                $"--memory {text} is out of range", $"give {ByteSize.Format(MachineOptions.LeastMemory)} to {ByteSize.Format(MachineOptions.MostMemory)}");
        }

        return bytes % MachineOptions.MemoryGranularity == 0
            ? bytes
            : throw new UsageException($"--memory {text} is not a whole number of 4 KiB pages", "write for example 512M or 2G");
    }

    private static (ExtensionSet Extensions, bool LegacyTables, int PmpEntries) ParseCpu(string text)
    {
        List<(string Key, string? Value)> parts = KeyValueList.Parse(text);
        ExtensionSet extensions = ExtensionSet.All;
        bool legacyTables = false;
        int pmpEntries = new MachineOptions().PmpEntries;
        for (int i = 0; i < parts.Count; i++)
        {
            (string key, string? value) = parts[i];
            if (i == 0 ? key is not ("rv64" or "max") || value is not null : key is not ("h" or "mpt" or "pmp") || value is null)
            {
                throw new UsageException($"--cpu {text} is not supported", "write --cpu rv64, with ,h=off, ,mpt=off, ,mpt=legacy or ,pmp=64 behind it; --mmu chooses the paging mode");
            }

            if (key == "pmp")
            {
                pmpEntries = value is "16" or "64"
                    ? int.Parse(value, CultureInfo.InvariantCulture)
                    : throw new UsageException($"--cpu {text}: a hart does not have {value} PMP entries", "write pmp=16 or pmp=64");
            }
            else if (i > 0)
            {
                Extension extension = key == "h" ? Extension.H : Extension.Smsd;
                legacyTables = key == "mpt" ? value == "legacy" : legacyTables;
                bool enabled = (key == "mpt" && legacyTables) || KeyValueList.Switch("--cpu", key, value);
                extensions = enabled ? extensions.With(extension) : extensions.Without(extension);
            }
        }

        return (extensions, legacyTables, pmpEntries);
    }

    private static SupervisorDomainMode ParseSupervisorDomains(string text) => text switch
    {
        "off" => SupervisorDomainMode.Off,
        "on" => SupervisorDomainMode.On,
        "pages" => SupervisorDomainMode.Pages,
        _ => throw new UsageException($"--mpt {text} is not supported", "write --mpt on, --mpt pages or --mpt off"),
    };

    private static CoveProfile? ParseTsm(string text, string? abi)
    {
        CoveProfile profile = abi switch
        {
            null or "current" => CoveProfile.Current,
            "salus" => CoveProfile.Salus,
            _ => throw new UsageException($"--cove-abi {abi} is not supported", "write --cove-abi current or --cove-abi salus"),
        };
        return text switch
        {
            "on" or "static" => profile,
            "off" when abi is null => null,
            "off" => throw new UsageException("--cove-abi is given without --tsm on", "add --tsm on"),
            _ => throw new UsageException($"--tsm {text} is not supported", "write --tsm on, --tsm static or --tsm off"),
        };
    }

    private static PagingMode ParsePaging(string text) => text switch
    {
        "sv39" => PagingMode.Sv39,
        "sv48" => PagingMode.Sv48,
        "sv57" => PagingMode.Sv57,
        _ => throw new UsageException($"--mmu {text} is no paging mode", "give sv39, sv48 or sv57"),
    };

    private static (InterruptArchitecture Architecture, int GuestFiles) ParseInterrupts(string text, int guestFiles)
    {
        List<(string Key, string? Value)> parts = KeyValueList.Parse(text);
        InterruptArchitecture? architecture = (parts.Count, text) switch
        {
            (_, "imsic") or (2, _) when parts[0] is ("imsic", null) => InterruptArchitecture.Imsic,
            (_, "aplic") => InterruptArchitecture.Aplic,
            (_, "none") => InterruptArchitecture.Plic,
            _ => null,
        };
        if (architecture is null
            || (parts.Count == 2 && !(parts[1].Key == "guests" && int.TryParse(parts[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out guestFiles)))
            || guestFiles > MachineOptions.MostGuestFiles)
        {
            throw new UsageException($"--aia {text} is not supported", $"give imsic, imsic,guests=N with N of 0 to {MachineOptions.MostGuestFiles}, aplic or none");
        }

        return (architecture.Value, guestFiles);
    }

    private static Tiers ParseTiers(string text) => text switch
    {
        "0" => Tiers.None,
        "0,1" => Tiers.Native,
        "0,2" => Tiers.Regions,
        "0,1,2" => Tiers.Native | Tiers.Regions,
        _ => throw new UsageException($"--tiers {text} is not a set of tiers", "give 0, 0,1 or 0,2 or 0,1,2: the interpreter is always there"),
    };

    private static (uint? Native, uint? Region) ParseThresholds(string text)
    {
        string[] parts = text.Split(',');
        return parts.Length <= 2 && Array.TrueForAll(parts, part => Threshold(part) is not null)
            ? (Threshold(parts[0]), parts.Length == 2 ? Threshold(parts[1]) : null)
            : throw new UsageException($"--hot {text} is not one or two numbers of times", "write for example --hot 4,30000");

        static uint? Threshold(string part) =>
            uint.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out uint times) && times is >= 1 and <= int.MaxValue ? times : null;
    }

    private static TranslationCacheOptions? ParseCache(string? text) => text switch
    {
        null => TranslationCacheDirectory.Default is string directory ? new TranslationCacheOptions(directory, Required: false) : null,
        "off" => null,
        "" => throw new UsageException("--cache names no directory", "give one, or off"),
        _ => new TranslationCacheOptions(text, Required: true),
    };

    private static DumpTarget ParseDumpTarget(string text)
    {
        if (text == "hot")
        {
            return new DumpTarget(null);
        }

        string digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text["0x".Length..] : text;
        return ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong address)
            ? new DumpTarget(address)
            : throw new UsageException($"--dump-asm {text} is not an address", "give a virtual address in hexadecimal, or hot");
    }

    private static TraceKinds ParseTrace(string text)
    {
        TraceKinds kinds = TraceKinds.None;
        foreach (string name in text.Split(','))
        {
            TraceKinds kind = Array.Find(TraceNames, t => t.Name == name).Kind;
            if (kind == TraceKinds.None)
            {
                throw new UsageException($"--trace {name} is not known", $"give one or more of {string.Join(',', TraceNames.Select(t => t.Name))}");
            }

            kinds |= kind;
        }

        return kinds;
    }

    private static IdeLinkMode ParseIde(string? text) => text switch
    {
        null or "counted" => IdeLinkMode.Counted,
        "functional" => IdeLinkMode.Functional,
        _ => throw new UsageException($"--ide {text} is not known", "write --ide counted or --ide functional"),
    };

    private static int ParseGranularity(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int bytes) && bytes is 1 or 2 or 4 or 8 or 16
            ? bytes
            : throw new UsageException($"--signature-granularity {text} is not supported", "give 1, 2, 4, 8 or 16");

    private static string? ParseFirmware(string? text) => text switch
    {
        null or "managed" or "default" => null,
        "none" => throw new UsageException("--bios none is not supported", "use --htif for bare-metal programs, or --bios FILE for firmware of your own"),
        _ => text,
    };

    private MachineOptions Bind(ParseResult result)
    {
        Only("-machine", result.GetValue(_machine), "virt");
        Only("-serial", result.GetValue(_serial), "mon:stdio", "stdio");
        Only("-display", result.GetValue(_display), "none");
        MachineOptions defaults = new();
        (InterruptArchitecture interrupts, int guestFiles) = ParseInterrupts(result.GetValue(_aia) ?? "imsic", defaults.GuestInterruptFiles);
        (ExtensionSet extensions, bool legacyTables, int pmpEntries) = ParseCpu(result.GetValue(_cpu) ?? "rv64");
        MachineOptions options = new()
        {
            Kernel = result.GetValue(_kernel),
            Initrd = result.GetValue(_initrd),
            Append = result.GetValue(_append),
            Drives = [.. (result.GetValue(_drive) ?? []).Select(DriveParser.Parse)],
            NvmeControllers = [.. (result.GetValue(_nvme) ?? []).Select(NvmeParser.Parse)],
            MatrixEngines = [.. (result.GetValue(_accelerator) ?? []).Select(AcceleratorParser.Parse)],
            Ide = ParseIde(result.GetValue(_ide)),
            Iommu = result.GetValue(_iommu) is { } iommu && KeyValueList.Switch("--iommu", "--iommu", iommu),
            Network = result.GetValue(_net) is { } net ? NetworkParser.Parse(net) : defaults.Network,
            Harts = result.GetValue(_smp) is { } smp ? ParseHarts(smp) : defaults.Harts,
            MemorySize = result.GetValue(_memory) is { } memory ? ParseMemory(memory) : defaults.MemorySize,
            Firmware = ParseFirmware(result.GetValue(_bios)),
            Interrupts = interrupts,
            GuestInterruptFiles = guestFiles,
            Iopmp = result.GetValue(_iopmp) is { } iopmp ? IopmpParser.Parse(iopmp) : defaults.Iopmp,
            InstructionCount = result.GetValue(_icount) || result.GetValue(_check),
            Check = result.GetValue(_check),
            DumpAsm = result.GetValue(_dumpAsm) is { } target ? ParseDumpTarget(target) : null,
            DumpAsmFile = result.GetValue(_dumpAsmTo),
            Profile = result.GetValue(_profile),
            PerfMap = result.GetValue(_perfMap),
            Tiers = result.GetValue(_tiers) is { } tiers ? ParseTiers(tiers) : defaults.Tiers,
            HotThreshold = result.GetValue(_hot) is { } hot ? ParseThresholds(hot).Native : defaults.HotThreshold,
            RegionThreshold = result.GetValue(_hot) is { } hotter ? ParseThresholds(hotter).Region : defaults.RegionThreshold,
            TranslationCache = ParseCache(result.GetValue(_cache)),
            Extensions = extensions,
            LegacyProtectionTables = legacyTables,
            PmpEntries = pmpEntries,
            SupervisorDomains = result.GetValue(_mpt) is { } mpt ? ParseSupervisorDomains(mpt) : defaults.SupervisorDomains,
            Tsm = ParseTsm(result.GetValue(_tsm) ?? "off", result.GetValue(_coveAbi)),
            TsmModel = result.GetValue(_tsm) == "static" ? TsmModel.Static : TsmModel.SupervisorDomain,
            TvmOwners = [.. (result.GetValue(_owner) ?? []).Select(path => TrustAnchor.Load(path, "owner"))],
            Paging = result.GetValue(_mmu) is { } mmu ? ParsePaging(mmu) : defaults.Paging,
            NoReboot = result.GetValue(_noReboot),
            LaunchDirectory = result.GetValue(_dumpLaunch),
            StatisticsFile = result.GetValue(_stats),
            Trace = result.GetValue(_trace) is { } trace ? ParseTrace(trace) : TraceKinds.None,
            DumpDeviceTree = result.GetValue(_dumpDtb),
            HtifProgram = result.GetValue(_htif),
            SignatureFile = result.GetValue(_signature),
            SignatureGranularity = result.GetValue(_granularity) is { } granularity ? ParseGranularity(granularity) : defaults.SignatureGranularity,
        };
        RefuseContradictions(options);
        return options;
    }

    private static void RefuseContradictions(MachineOptions options)
    {
        if (options.HtifProgram is null && options.SignatureFile is not null)
        {
            throw new UsageException("--signature is given without --htif", "add --htif ELF");
        }

        if (options.HtifProgram is not null && (options.Kernel ?? options.Initrd ?? options.Append ?? options.Firmware) is not null)
        {
            throw new UsageException("--htif runs one bare-metal program alone", "leave --kernel, --initrd, --append and --bios out");
        }

        if (options.DumpAsm is null && options.DumpAsmFile is not null)
        {
            throw new UsageException("--dump-asm-to is given without --dump-asm", "add --dump-asm hot");
        }

        if (options.Tiers == Tiers.None && (options.DumpAsm is not null || options.PerfMap))
        {
            throw new UsageException($"{(options.PerfMap ? "--perf-map" : "--dump-asm")} is about translated code, and --tiers 0 leaves the translator out", "leave one of them out");
        }

        RefuseDomains(options);
        bool tee = options.Functions.Any(function => function.Tee is not null);
        if (options.Ide != IdeLinkMode.Counted && !tee)
        {
            throw new UsageException("--ide is about links to devices with tee, and there are none", "write --nvme F,tee or --accelerator matrix,tee, or leave --ide out");
        }

        if (options.Check)
        {
            RefuseUncheckable(options);
        }
    }

    private static void RefuseDomains(MachineOptions options)
    {
        if (options.SupervisorDomains == SupervisorDomainMode.Off && options.Tsm is null)
        {
            return;
        }

        bool isConfidential = options.VirtualMachines.Any(machine => machine.Kind == VirtualMachineKind.Confidential);
        string option = isConfidential ? "--vm confidential" : options.Tsm is null ? "--mpt" : "--tsm";
        if ((options.Firmware ?? options.HtifProgram) is not null)
        {
            throw new UsageException($"{option} is for the managed firmware", $"leave --bios and --htif out, or {option}: other firmware writes mmpt itself");
        }

        if (options.LegacyProtectionTables || !options.Extensions.Has(Extension.Smsd))
        {
            throw new UsageException($"{option} needs harts with today's memory protection tables", "leave mpt=... out of --cpu");
        }

        if (options.Tsm is not null && !options.Extensions.Has(Extension.H))
        {
            throw new UsageException("--tsm needs harts with the hypervisor extension", "leave h=off out of --cpu");
        }
    }

    // Two machines must see the same of the world outside, each time they run.
    private static void RefuseUncheckable(MachineOptions options)
    {
        if (options.Tiers == Tiers.None)
        {
            throw new UsageException("--check compares the translator with the interpreter, and --tiers 0 leaves the translator out", "leave one of them out");
        }

        if (options.Network.Kind != NetworkKind.None)
        {
            throw new UsageException("--check cannot give two machines the same network traffic", "leave --net out");
        }

        if (options.Drives.Concat(options.NvmeControllers.SelectMany(drives => drives)).FirstOrDefault(drive => !drive.ReadOnly) is DriveOptions drive)
        {
            throw new UsageException($"--check cannot let two machines write to {drive.Path}", $"write {drive.Path},ro");
        }
    }
}
