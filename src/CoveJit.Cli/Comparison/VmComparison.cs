using System.Security.Cryptography;
using CoveJit.Cli.Parsing;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;
using CoveJit.Tsm;

namespace CoveJit.Cli.Comparison;

/// <summary>Runs the same guest with the same work in each placement, in turn, and puts together what the runs say.</summary>
/// <param name="workloads">What the guest does.</param>
/// <param name="repeat">Runs in each placement.</param>
/// <param name="seconds">Seconds that a program runs, by the guest's clock.</param>
/// <param name="guest">The guest: a name, or the path of a description.</param>
/// <param name="hypervisor">Path of the hypervisor, or null for the usual one.</param>
/// <param name="instructionClock">Whether time is derived from instructions.</param>
internal sealed class VmComparison(IReadOnlyList<GuestWorkload> workloads, int repeat, double seconds, string guest, string? hypervisor, bool instructionClock)
{
    private const int DiskBytes = GuestWorkload.DiskMegabytes << 20;

    private readonly GuestRuns _guests = new(guest, instructionClock);

    private readonly bool _usesDisk = workloads.Any(workload => workload.Name == GuestWorkload.Disk);

    private readonly bool _usesNetwork = workloads.Any(workload => workload.Name == GuestWorkload.Net);

    /// <summary>Runs everything.</summary>
    /// <param name="progress">Told of each run.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="LoadException">A guest or the hypervisor is not built, or a guest failed.</exception>
    public VmResult Run(Action<string> progress, CancellationToken cancellation)
    {
        DateTime started = DateTime.UtcNow;
        IReadOnlyDictionary<GuestPlacement, IReadOnlyList<GuestWindows>> runs = _guests.TakeTurns(GuestPlacements.All, repeat, GuestPlacements.NameOf, (placement, disk, _) => RunOnce(placement, disk, cancellation), progress, cancellation);
        return new VmResult(
            ComparisonRun.SchemaVersion,
            _guests.Describe(started, repeat, seconds),
            [.. GuestPlacements.All.Select(placement => new ComparedPlacement(
                GuestPlacements.NameOf(placement), null, [.. (runs.GetValueOrDefault(placement) ?? []).Select(run => run.Hypervisor)]))],
            VmAggregation.Combine(workloads, runs));
    }

    private GuestWindows RunOnce(GuestPlacement placement, string disk, CancellationToken cancellation)
    {
        byte[] content = _usesDisk ? RandomNumberGenerator.GetBytes(DiskBytes) : [];
        byte[] sent = _usesNetwork ? RandomNumberGenerator.GetBytes(GuestWorkload.NetMegabytes << 20) : [];
        using NetworkPeer? peer = _usesNetwork ? new NetworkPeer(sent) : null;
        if (_usesDisk)
        {
            using FileStream image = File.Create(disk);
            image.Write(content);
            image.SetLength(2L * DiskBytes);
        }

        VmRun run = VmRun.Execute(Options(placement, disk, peer), placement, cancellation);
        if (_usesDisk)
        {
            Check(placement, "read from its disk", Has(run, content));
            Check(placement, "written to its disk", File.ReadAllBytes(disk).AsSpan(DiskBytes).SequenceEqual(content));
        }

        if (peer is not null)
        {
            Check(placement, "received from the network", Has(run, sent));
            Check(placement, "sent to the network", peer.Finish().AsSpan().SequenceEqual(sent));
        }

        return GuestWindows.Read(run.Marks);
    }

    // Whether the guest has printed the digest of what it got.
    private static bool Has(VmRun run, byte[] content) => run.Text.Any(line => line.StartsWith(Convert.ToHexStringLower(SHA256.HashData(content)), StringComparison.Ordinal));

    private static void Check(GuestPlacement placement, string done, bool isRight)
    {
        if (!isRight)
        {
            throw new LoadException($"the placement '{GuestPlacements.NameOf(placement)}' has {done} other data than there were", GuestRuns.Defect);
        }
    }

    private MachineOptions Options(GuestPlacement placement, string disk, NetworkPeer? peer)
    {
        MachineOptions options = _guests.Guest(GuestWorkload.CommandsFor(workloads, seconds, peer?.SourcePort ?? 0, peer?.SinkPort ?? 0)) with
        {
            Network = peer is null ? NetworkOptions.None : new NetworkOptions(NetworkKind.User, []),
        };
        if (placement == GuestPlacement.Bare)
        {
            return _usesDisk ? options with { Drives = [.. options.Drives, new DriveOptions(disk, Format: DriveFormat.Raw)] } : options;
        }

        VirtualMachineRequest request = new(GuestPlacements.MachineKindOf(placement))
        {
            MemorySize = GuestRuns.GuestMemory,
            Drives = _usesDisk ? [disk] : [],
        };
        options = options with { TsmModel = placement == GuestPlacement.Static ? TsmModel.Static : TsmModel.SupervisorDomain };
        return VirtualMachineSelection.Add(options, [request], hypervisor, choosesMemory: true);
    }
}
