using CoveJit.Attestation.Cryptography;
using CoveJit.Devices.Pcie.Security;
using CoveJit.Devices.Protection;
using CoveJit.Isa;
using CoveJit.Machines.Board;
using CoveJit.Tsm;
using CoveJit.Tsm.Abi;

namespace CoveJit.Machines.Options;

/// <summary>Everything a machine is made from, as the command line or an embedding program states it. Immutable; the defaults make a one-hart virt board.</summary>
public sealed record MachineOptions
{
    /// <summary>Most harts a machine may have.</summary>
    public const int MostHarts = 8;

    /// <summary>Most guest interrupt files a hart's IMSIC may have.</summary>
    public const int MostGuestFiles = 63;

    /// <summary>Least RAM in bytes.</summary>
    public const ulong LeastMemory = 1UL << 20;

    /// <summary>Most RAM in bytes.</summary>
    public const ulong MostMemory = 1UL << 40;

    /// <summary>RAM is a whole number of pages.</summary>
    public const ulong MemoryGranularity = 4096;

    /// <summary>Path of the kernel, or null.</summary>
    public string? Kernel { get; init; }

    /// <summary>Path of the initial RAM disk, or null.</summary>
    public string? Initrd { get; init; }

    /// <summary>The kernel command line; null if the user gave none, so that a default may apply.</summary>
    public string? Append { get; init; }

    /// <summary>Virtual machines for the kernel, which then is a hypervisor, to run.</summary>
    public IReadOnlyList<VirtualMachineOptions> VirtualMachines { get; init; } = [];

    /// <summary>Block devices in order: the guest's vda, vdb, ...</summary>
    public IReadOnlyList<DriveOptions> Drives { get; init; } = [];

    /// <summary>NVMe controllers in order: the guest's nvme0, nvme1, ...; each has its namespaces.</summary>
    public IReadOnlyList<IReadOnlyList<DriveOptions>> NvmeControllers { get; init; } = [];

    /// <summary>Matrix engines in order.</summary>
    public IReadOnlyList<AcceleratorOptions> MatrixEngines { get; init; } = [];

    /// <summary>How IDE is modelled between root ports and the functions that are TEE device interfaces.</summary>
    public IdeLinkMode Ide { get; init; } = IdeLinkMode.Counted;

    /// <summary>Whether there is an IOMMU before the PCIe root complex.</summary>
    public bool Iommu { get; init; }

    /// <summary>The network card.</summary>
    public NetworkOptions Network { get; init; } = NetworkOptions.None;

    /// <summary>What is said of the PCIe functions, in no order.</summary>
    public IEnumerable<FunctionOptions> Functions =>
        [.. NvmeControllers.Select(drives => drives[0].Function), .. MatrixEngines.Select(engine => engine.Function), .. Drives.Select(drive => drive.Function), Network.Function];

    /// <summary>What checks the devices' accesses to memory; null: nothing does.</summary>
    public IopmpConfiguration? Iopmp { get; init; }

    /// <summary>How external interrupts reach the harts.</summary>
    public InterruptArchitecture Interrupts { get; init; } = InterruptArchitecture.Imsic;

    /// <summary>Guest interrupt files in each hart's IMSIC (GEILEN), at most <see cref="MostGuestFiles"/>.</summary>
    public int GuestInterruptFiles { get; init; } = 7;

    /// <summary>Number of harts, 1 to <see cref="MostHarts"/>.</summary>
    public int Harts { get; init; } = 1;

    /// <summary>What the harts implement.</summary>
    public ExtensionSet Extensions { get; init; } = ExtensionSet.All;

    /// <summary>PMP entries of each hart: 16 or 64.</summary>
    public int PmpEntries { get; init; } = 16;

    /// <summary>Whether the harts' memory protection tables have the format of the drafts of 2024.</summary>
    public bool LegacyProtectionTables { get; init; }

    /// <summary>Whether the managed firmware divides the machine into supervisor domains.</summary>
    public SupervisorDomainMode SupervisorDomains { get; init; }

    /// <summary>
    /// The numbering of the functions of the TEE security manager; null for a machine without one. With one there are supervisor domains, whatever
    /// <see cref="SupervisorDomains"/> says.
    /// </summary>
    public CoveProfile? Tsm { get; init; }

    /// <summary>How the TEE security manager is deployed. With static memory a quarter of RAM is confidential.</summary>
    public TsmModel TsmModel { get; init; }

    /// <summary>Keys of TVM owners, who may sign attestation payloads: a part of the TEE security manager's configuration.</summary>
    public IReadOnlyList<P384PublicKey> TvmOwners { get; init; } = [];

    /// <summary>RAM in bytes.</summary>
    public ulong MemorySize { get; init; } = 1UL << 30;

    /// <summary>Path of machine-mode firmware, or null for the managed Monitor.</summary>
    public string? Firmware { get; init; }

    /// <summary>Path of a bare-metal ELF that speaks HTIF, or null.</summary>
    public string? HtifProgram { get; init; }

    /// <summary>Path the HTIF program's signature is written to, or null.</summary>
    public string? SignatureFile { get; init; }

    /// <summary>Bytes in a line of the signature.</summary>
    public int SignatureGranularity { get; init; } = 16;

    /// <summary>Whether time derives from retired instructions and harts run in turn, so that runs repeat exactly.</summary>
    public bool InstructionCount { get; init; }

    /// <summary>What executes guest code beside the interpreter.</summary>
    public Tiers Tiers { get; init; } = Tiers.Native | Tiers.Regions;

    /// <summary>Where native code is kept between runs, or null: nowhere.</summary>
    public TranslationCacheOptions? TranslationCache { get; init; }

    /// <summary>How often the interpreter comes to a block before it becomes native code; null for the usual.</summary>
    public uint? HotThreshold { get; init; }

    /// <summary>How often a block runs before a region is compiled that starts with it; null for the usual.</summary>
    public uint? RegionThreshold { get; init; }

    /// <summary>
    /// Whether the run is repeated on the interpreter, in step, and compared: <see cref="Inspection.Lockstep"/>. Needs <see cref="InstructionCount"/>;
    /// regions are then compiled where they are asked for, so that a run repeats down to what executes each block.
    /// </summary>
    public bool Check { get; init; }

    /// <summary>Which translated code is written down at the end beside the guest's; null for none.</summary>
    public DumpTarget? DumpAsm { get; init; }

    /// <summary>Path that is written to; null for standard error.</summary>
    public string? DumpAsmFile { get; init; }

    /// <summary>Whether a table of the guest code that ran most is written at the end.</summary>
    public bool Profile { get; init; }

    /// <summary>Whether translated code is named for Linux perf in /tmp/perf-PID.map.</summary>
    public bool PerfMap { get; init; }

    /// <summary>Whether any option wants to know what is translated.</summary>
    public bool ObservesTranslation => DumpAsm is not null || Profile || PerfMap;

    /// <summary>Largest paging mode the harts offer.</summary>
    public PagingMode Paging { get; init; } = PagingMode.Sv57;

    /// <summary>Whether a guest's reboot ends the run.</summary>
    public bool NoReboot { get; init; }

    /// <summary>Path statistics are written to at the end, or null.</summary>
    public string? StatisticsFile { get; init; }

    /// <summary>Directory that launch plans and evidence of the TVMs are written to at the end, or null.</summary>
    public string? LaunchDirectory { get; init; }

    /// <summary>What is traced.</summary>
    public TraceKinds Trace { get; init; }

    /// <summary>Path the device tree blob is written to, whereupon the machine does not start; or null.</summary>
    public string? DumpDeviceTree { get; init; }
}
