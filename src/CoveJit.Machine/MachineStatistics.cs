using System.Text.Json;
using System.Text.Json.Serialization;
using CoveJit.Harts;
using CoveJit.Memory.Translation;
using CoveJit.Tsm;

namespace CoveJit.Machines;

/// <summary>Counts of one hart.</summary>
/// <param name="Hart">mhartid.</param>
/// <param name="Instructions">Instructions retired.</param>
/// <param name="TlbReadFills">Fills of the software TLB for loads.</param>
/// <param name="TlbWriteFills">Fills of the software TLB for stores.</param>
/// <param name="TlbExecuteFills">Fills of the software TLB for fetches.</param>
/// <param name="PageTableReads">Page-table entries read by walks.</param>
/// <param name="ProtectionTableReads">Entries of memory protection tables read by look-ups.</param>
/// <param name="ProtectionTableDenials">Accesses that a memory protection table refused.</param>
/// <param name="Exceptions">Exceptions taken, by cause; causes that did not occur are left out.</param>
/// <param name="Interrupts">Interrupts taken, by code; those that VS-mode took as 2, 6 and 10.</param>
public sealed record HartStatistics(
    int Hart,
    ulong Instructions,
    ulong TlbReadFills,
    ulong TlbWriteFills,
    ulong TlbExecuteFills,
    ulong PageTableReads,
    ulong ProtectionTableReads,
    ulong ProtectionTableDenials,
    IReadOnlyDictionary<int, ulong> Exceptions,
    IReadOnlyDictionary<int, ulong> Interrupts);

/// <summary>Calls of a function of the TEE security manager.</summary>
/// <param name="Calls">Calls.</param>
/// <param name="Failures">Those that returned an error.</param>
/// <param name="HostSeconds">Time of the host that they took; that of <c>run_tvm_vcpu</c> ends when the TVM begins.</param>
public sealed record CoveCallStatistics(long Calls, long Failures, double HostSeconds);

/// <summary>What TVMs did.</summary>
/// <param name="Entries">Entries into TVMs.</param>
/// <param name="ServedCalls">SBI calls of TVMs that did not exit to the host.</param>
/// <param name="Exits">Exits with an exception, by cause.</param>
/// <param name="InterruptExits">Exits with an interrupt of the host's, by code.</param>
/// <param name="Calls">Calls of the TEE security manager, by function.</param>
public sealed record CoveStatistics(
    long Entries,
    long ServedCalls,
    IReadOnlyDictionary<int, long> Exits,
    IReadOnlyDictionary<int, long> InterruptExits,
    IReadOnlyDictionary<string, CoveCallStatistics> Calls)
{
    /// <summary>Reads the counters of a TEE security manager.</summary>
    public static CoveStatistics? Collect(SecurityManager? tsm) => tsm is null ? null : new(
        tsm.Exits.Entries,
        tsm.Exits.ServedCalls,
        tsm.Exits.Exits.Where(e => !e.IsInterrupt).ToDictionary(e => e.Cause, e => e.Count),
        tsm.Exits.Exits.Where(e => e.IsInterrupt).ToDictionary(e => e.Cause, e => e.Count),
        tsm.Abi.Counted.Where(f => f.Count.Calls > 0).ToDictionary(
            f => f.Function.FullName, f => new CoveCallStatistics(f.Count.Calls, f.Count.Failures, f.Count.HostTime.TotalSeconds)));
}

/// <summary>What a run did, for <c>--stats</c>: counts only, no modelled time.</summary>
/// <param name="Schema">Version of this layout.</param>
/// <param name="Harts">The harts.</param>
/// <param name="SbiCalls">Calls of the managed firmware's functions, by name.</param>
/// <param name="Cove">What TVMs did; null without a TEE security manager.</param>
/// <param name="DeviceAccessesRefused">Accesses of devices to memory that their supervisor domain may not make; null without domains.</param>
/// <param name="BlocksDecoded">Blocks decoded.</param>
/// <param name="CodePagesInvalidated">Pages of code discarded because they were written.</param>
/// <param name="BlocksTranslated">Blocks translated to native code.</param>
/// <param name="NativeBytes">Bytes of that code.</param>
/// <param name="BlocksCached">Blocks whose native code an earlier run had made.</param>
/// <param name="CacheAdditions">Blocks whose native code was added to what later runs may use.</param>
/// <param name="CacheIgnored">Why what earlier runs have left was not used; null if it was, or there was nothing.</param>
/// <param name="RegionsCompiled">Regions translated to host code.</param>
/// <param name="InstructionsCompiled">Guest instructions in them.</param>
/// <param name="CompileSeconds">Time the translator's thread spent on them.</param>
/// <param name="GuestMemory">Bytes of guest RAM that are in the host's memory, because something has touched them.</param>
/// <param name="HostMemory">Bytes of the host's memory that the process takes, guest RAM included.</param>
public sealed record MachineStatistics(
    int Schema,
    IReadOnlyList<HartStatistics> Harts,
    IReadOnlyDictionary<string, long> SbiCalls,
    CoveStatistics? Cove,
    long? DeviceAccessesRefused,
    ulong BlocksDecoded,
    ulong CodePagesInvalidated,
    long BlocksTranslated,
    long NativeBytes,
    long BlocksCached,
    long CacheAdditions,
    string? CacheIgnored,
    int RegionsCompiled,
    long InstructionsCompiled,
    double CompileSeconds,
    ulong GuestMemory,
    long HostMemory)
{
    private const int CurrentSchema = 1;

    /// <summary>Packets that went through IDE streams, both ways; null where no link has IDE.</summary>
    public long? IdePackets { get; init; }

    /// <summary>Bytes of data in them.</summary>
    public long? IdeBytes { get; init; }

    /// <summary>Reads the counters of a machine that is not running.</summary>
    public static MachineStatistics Collect(Machine machine) => new(
        CurrentSchema,
        [.. machine.Harts.Select(Collect)],
        machine.Monitor?.Functions.Where(f => f.Calls > 0).GroupBy(f => $"sbi_{f.Name}").ToDictionary(g => g.Key, g => g.Sum(f => f.Calls)) ?? [], // legacy calls share names
        CoveStatistics.Collect(machine.Tsm),
        machine.DeviceProtection?.Refused,
        machine.Code.BlocksBuilt,
        machine.Code.PagesInvalidated,
        machine.NativeTranslator?.BlocksTranslated ?? 0,
        machine.NativeTranslator?.BytesEmitted ?? 0,
        machine.NativeTranslator?.Cache?.Hits ?? 0,
        machine.NativeTranslator?.Cache?.Added ?? 0,
        machine.NativeTranslator?.Cache?.WhyEmpty,
        machine.Translator?.RegionsCompiled ?? 0,
        machine.Translator?.InstructionsCompiled ?? 0,
        machine.Translator?.CompileTime.TotalSeconds ?? 0,
        machine.Ram.ResidentBytes,
        Environment.WorkingSet)
    {
        IdePackets = machine.IdeLinks.Count == 0 ? null : machine.IdeLinks.Sum(link => link.Tlps),
        IdeBytes = machine.IdeLinks.Count == 0 ? null : machine.IdeLinks.Sum(link => link.Bytes),
    };

    /// <summary>The statistics as indented JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, MachineStatisticsJson.Default.MachineStatistics) + "\n";

    private static unsafe HartStatistics Collect(Hart hart) => new(
        hart.Id,
        hart.State->InstructionsRetired,
        hart.Tlb.Fills[(int)AccessType.Read],
        hart.Tlb.Fills[(int)AccessType.Write],
        hart.Tlb.Fills[(int)AccessType.Execute],
        hart.PageTableReads,
        hart.ProtectionTableReads,
        hart.ProtectionTableDenials,
        Counts(hart.TrapCounts.AsSpan(0, 64)),
        Counts(hart.TrapCounts.AsSpan(64)));

    private static Dictionary<int, ulong> Counts(ReadOnlySpan<ulong> counts)
    {
        Dictionary<int, ulong> result = [];
        for (int i = 0; i < counts.Length; i++)
        {
            if (counts[i] != 0)
            {
                result[i] = counts[i];
            }
        }

        return result;
    }
}

/// <summary>Serialisation without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(MachineStatistics))]
internal sealed partial class MachineStatisticsJson : JsonSerializerContext;
