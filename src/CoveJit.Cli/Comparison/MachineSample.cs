using CoveJit.Machines;

namespace CoveJit.Cli.Comparison;

/// <summary>A machine's clocks and counters at one moment.</summary>
/// <param name="HostSeconds">Wall time of the host since the machine started.</param>
/// <param name="GuestSeconds">The machine's own time since then.</param>
/// <param name="Counts">Everything counted since then, by name.</param>
internal sealed record MachineSample(double HostSeconds, double GuestSeconds, IReadOnlyDictionary<string, double> Counts)
{
    /// <summary>Guest instructions of every level: guest, hypervisor, firmware that is not managed.</summary>
    public const string Instructions = "instructions";

    /// <summary>Times a virtual hart came back to the hypervisor.</summary>
    public const string Exits = "exits";

    /// <summary>Begins the names of exits by cause.</summary>
    public const string ExitPrefix = "exit_";

    /// <summary>Entries of page tables that were read, of both stages.</summary>
    public const string PageTableReads = "page_table_reads";

    /// <summary>Entries of memory protection tables that were read.</summary>
    public const string ProtectionTableReads = "protection_table_reads";

    /// <summary>Page faults that the guest's kernel, or where there is none above it the machine's, took.</summary>
    public const string PageFaults = "page_faults";

    /// <summary>Calls of the TEE security manager.</summary>
    public const string CoveCalls = "cove_calls";

    /// <summary>Host seconds in them.</summary>
    public const string TsmSeconds = "tsm_host_seconds";

    /// <summary>Processor time of the host, of all threads: of the hart, of what translates, of devices.</summary>
    public const string HostCpuSeconds = "host_cpu_seconds";

    /// <summary>Bytes that went over links through streams of IDE, encrypted there or only counted.</summary>
    public const string IdeBytes = "ide_bytes";

    // Exception and interrupt codes (Privileged, "Machine Cause (mcause) Register"), as the hypervisor of guest/vmm names exits by them.
    private static readonly (string Name, int[] Causes)[] ExitExceptions = [("sbi", [10]), ("guest_page_fault", [20, 21, 23]), ("virtual_instruction", [22])];
    private static readonly (string Name, int Code)[] ExitInterrupts = [("software", 1), ("timer", 5), ("external", 9), ("guest_external", 12)];
    private static readonly int[] PageFaultCauses = [12, 13, 15];
    private const int UserCall = 8;
    private const int SupervisorCall = 9;

    /// <summary>The start of a run.</summary>
    public static MachineSample Zero { get; } = new(0, 0, new Dictionary<string, double>());

    /// <summary>Makes a sample of statistics.</summary>
    /// <param name="hostSeconds">Wall time.</param>
    /// <param name="guestSeconds">The machine's time.</param>
    /// <param name="statistics">The machine's counters.</param>
    /// <param name="placement">Where the guest runs: it says which traps are exits.</param>
    /// <param name="hostCpuSeconds">Processor time of this process.</param>
    public static MachineSample From(double hostSeconds, double guestSeconds, MachineStatistics statistics, GuestPlacement placement, double hostCpuSeconds = 0)
    {
        Dictionary<string, double> counts = new()
        {
            [Instructions] = Sum(hart => hart.Instructions),
            ["tlb_fills"] = Sum(hart => hart.TlbReadFills + hart.TlbWriteFills + hart.TlbExecuteFills),
            [PageTableReads] = Sum(hart => hart.PageTableReads),
            [ProtectionTableReads] = Sum(hart => hart.ProtectionTableReads),
            [PageFaults] = PageFaultCauses.Sum(Exceptions),
            ["system_calls"] = Exceptions(UserCall),
            ["firmware_calls"] = Exceptions(SupervisorCall),
            [HostCpuSeconds] = hostCpuSeconds,
        };
        if (statistics.IdeBytes is { } bytes)
        {
            counts[IdeBytes] = bytes;
            counts["ide_packets"] = statistics.IdePackets ?? 0;
        }

        if (placement != GuestPlacement.Bare)
        {
            // A confidential one's traps go to the TSM, and only some of them on to the hypervisor: it counts these itself. A plain one's trap where
            // it stands, and the hypervisor, which runs with interrupts off, has no traps of its own.
            CoveStatistics? cove = statistics.Cove;
            foreach ((string name, int[] causes) in ExitExceptions)
            {
                counts[ExitPrefix + name] = causes.Sum(cause => cove is null ? Exceptions(cause) : cove.Exits.GetValueOrDefault(cause));
            }

            foreach ((string name, int code) in ExitInterrupts)
            {
                counts[ExitPrefix + name] = cove is null ? Sum(hart => hart.Interrupts.GetValueOrDefault(code)) : cove.InterruptExits.GetValueOrDefault(code);
            }

            counts[Exits] = counts.Where(count => count.Key.StartsWith(ExitPrefix, StringComparison.Ordinal)).Sum(count => count.Value);
            if (cove is not null)
            {
                counts[CoveCalls] = cove.Calls.Values.Sum(call => call.Calls);
                counts["tsm_served_calls"] = cove.ServedCalls;
                counts[TsmSeconds] = cove.Calls.Values.Sum(call => call.HostSeconds);
            }
        }

        return new MachineSample(hostSeconds, guestSeconds, counts);

        double Sum(Func<HartStatistics, ulong> count) => statistics.Harts.Sum(hart => (double)count(hart));

        double Exceptions(int cause) => Sum(hart => hart.Exceptions.GetValueOrDefault(cause));
    }

    /// <summary>What happened since an earlier sample.</summary>
    public MachineSample Since(MachineSample earlier) => new(
        HostSeconds - earlier.HostSeconds,
        GuestSeconds - earlier.GuestSeconds,
        Counts.ToDictionary(count => count.Key, count => count.Value - earlier.Counts.GetValueOrDefault(count.Key)));
}
