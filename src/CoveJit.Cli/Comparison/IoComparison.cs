using CoveJit.Cli.Comparison.Peer;
using CoveJit.Cli.Parsing;
using CoveJit.Devices.Pcie.Security;
using CoveJit.Machines.Loading;
using CoveJit.Machines.Options;

namespace CoveJit.Cli.Comparison;

/// <summary>Runs the same guest with the same accesses to a device in each placement, in turn, checks what was read and written, and puts together what the runs say.</summary>
/// <param name="device">What is read and written.</param>
/// <param name="phases">The patterns and sizes.</param>
/// <param name="depth">Requests under way.</param>
/// <param name="repeat">Runs in each placement.</param>
/// <param name="seconds">Seconds of each phase, by the guest's clock.</param>
/// <param name="guest">The guest: a name, or the path of a description.</param>
/// <param name="hypervisor">Path of the hypervisor, or null for the usual one.</param>
/// <param name="instructionClock">Whether time is derived from instructions.</param>
internal sealed class IoComparison(IoDevice device, IReadOnlyList<IoPhase> phases, int depth, int repeat, double seconds, string guest, string? hypervisor, bool instructionClock)
{
    private const int SchemaVersion = 1;

    // Behind the first root port: the machine has no other function.
    private const string FirstFunction = "01:00.0";

    private readonly GuestRuns _guests = new(guest, instructionClock);

    /// <summary>Runs everything.</summary>
    /// <param name="progress">Told of each run.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="LoadException">A guest or the hypervisor is not built, or a guest failed, or data were not what they had to be.</exception>
    public IoResult Run(Action<string> progress, CancellationToken cancellation)
    {
        DateTime started = DateTime.UtcNow;
        IoPlacement[] placements = [.. IoPlacements.For(device).Where(placement => IoPlacements.WhyAbsent(placement, device) is null)];
        IReadOnlyDictionary<IoPlacement, IReadOnlyList<IoRun>> runs = _guests.TakeTurns(placements, repeat, IoPlacements.NameOf, (placement, disk, turn) => RunOnce(placement, disk, (ulong)turn + 1, cancellation), progress, cancellation);
        return new IoResult(
            SchemaVersion,
            GuestRuns.Version,
            GuestRuns.Host,
            Environment.ProcessorCount,
            started,
            guest,
            IoPlacements.Devices.First(known => known.Value == device).Key,
            GuestRuns.GuestMemory,
            device == IoDevice.Accelerator ? phases.Max(phase => phase.RequestBytes) : IoWorkload.Span,
            depth,
            repeat,
            seconds,
            instructionClock,
            [.. IoPlacements.For(device).Select(placement => new IoPlace(
                IoPlacements.NameOf(placement), IoPlacements.WhyAbsent(placement, device), [.. (runs.GetValueOrDefault(placement) ?? []).Select(run => run.Windows.Hypervisor)]))],
            [.. phases.SelectMany(_ => IoPlacements.For(device), (phase, placement) => IoRun.Combine(phase, placement, IoPlacements.WhyAbsent(placement, device), runs.GetValueOrDefault(placement) ?? []))]);
    }

    private IoRun RunOnce(IoPlacement placement, string disk, ulong seed, CancellationToken cancellation)
    {
        if (device == IoDevice.Accelerator)
        {
            return MultiplyOnce(placement, seed, cancellation);
        }

        bool isNet = device == IoDevice.Net;
        bool isEncrypted = placement == IoPlacement.ConfidentialEncrypted;
        byte[] peer = isNet ? new byte[IoWorkload.Span] : [];
        if (!isNet)
        {
            using FileStream image = File.Create(disk);
            image.SetLength(2 * IoWorkload.Span);
        }

        MachineOptions options = isNet ? NetOptions(placement, peer, seed) : BlockOptions(placement, disk, seed);
        VmRun run = VmRun.Execute(options, IoPlacements.KindOf(placement), cancellation);
        RequireProgram(run, IoWorkload.Missing);

        // The guest has compared each word; here is what it says it read at the end, and what is in the image, or in the peer's memory: a peer that
        // is talked to by TLS has opened each record with its key.
        bool isRead = run.Text.Contains($$"""{"digest":"{{IoWorkload.Digest(seed)}}"}""");
        int clear = IoWorkload.SectorsInTheClear(isNet ? peer : File.ReadAllBytes(disk), seed);
        if (!isRead || clear != (isEncrypted && !isNet ? 0 : IoWorkload.Sectors))
        {
            throw new LoadException(
                !isRead ? $"the guest in the placement '{IoPlacements.NameOf(placement)}' has read other data than it wrote"
                : $"{clear} of {IoWorkload.Sectors} sectors are in the clear in the placement '{IoPlacements.NameOf(placement)}'",
                GuestRuns.Defect);
        }

        return IoRun.Read(run);
    }

    private IoRun MultiplyOnce(IoPlacement placement, ulong seed, CancellationToken cancellation)
    {
        bool isPassed = IoPlacements.IsPassed(placement);
        MachineOptions options = _guests.Guest(MatrixWorkload.CommandsFor(phases, isPassed, seed, seconds));
        if (isPassed)
        {
            options = WithLink(options, placement) with { MatrixEngines = [new AcceleratorOptions(FunctionOf(placement))] };
        }

        VmRun run = VmRun.Execute(InVirtualMachine(options, placement, isPassed ? [FirstFunction] : []), IoPlacements.KindOf(placement), cancellation);
        RequireProgram(run, MatrixWorkload.Missing);
        return phases.FirstOrDefault(phase => !run.Text.Contains(MatrixWorkload.ProductLine(phase, seed))) is { } wrong
            ? throw new LoadException($"the placement '{IoPlacements.NameOf(placement)}' has another product in {wrong.Name} than there is", GuestRuns.Defect)
            : IoRun.Read(run);
    }

    private void RequireProgram(VmRun run, string missing)
    {
        if (run.Text.Any(line => line.StartsWith(missing, StringComparison.Ordinal)))
        {
            throw new LoadException($"the guest '{guest}' has no program for this", "make it anew with 'covejit guest build bench'");
        }
    }

    private static FunctionOptions FunctionOf(IoPlacement placement) =>
        IoPlacements.IsTeeIo(placement) ? new FunctionOptions { Tee = TeeIdentity.Genuine } : FunctionOptions.Plain;

    private static MachineOptions WithLink(MachineOptions options, IoPlacement placement) =>
        options with { Iommu = !IoPlacements.IsTeeIo(placement), Ide = placement == IoPlacement.TeeIoFunctional ? IdeLinkMode.Functional : IdeLinkMode.Counted };

    private MachineOptions NetOptions(IoPlacement placement, byte[] peer, ulong seed)
    {
        bool isPassed = IoPlacements.IsPassed(placement);
        bool isEncrypted = placement == IoPlacement.ConfidentialEncrypted;
        MachineOptions options = _guests.Guest(IoWorkload.CommandsFor(phases, IoWorkload.PeerTarget(isEncrypted), seed, depth, seconds));
        options = (isPassed ? WithLink(options, placement) : options) with
        {
            Network = new NetworkOptions(NetworkKind.Given, [])
            {
                Backend = new TcpPeer(() => IoWorkload.PeerService(peer, isEncrypted, seed)),
                Pcie = isPassed,
                Function = FunctionOf(placement),
            },
        };
        return InVirtualMachine(options, placement, isPassed ? [FirstFunction] : []);
    }

    private MachineOptions InVirtualMachine(MachineOptions options, IoPlacement placement, IReadOnlyList<string> devices, params IReadOnlyList<string> drives) =>
        VirtualMachineSelection.Add(
            options,
            [new VirtualMachineRequest(GuestPlacements.MachineKindOf(IoPlacements.KindOf(placement))) { MemorySize = GuestRuns.GuestMemory, Drives = drives, Devices = devices }],
            hypervisor,
            choosesMemory: true);

    private MachineOptions BlockOptions(IoPlacement placement, string disk, ulong seed)
    {
        bool isPassed = IoPlacements.IsPassed(placement);
        bool isNvme = isPassed && device == IoDevice.Nvme;
        DriveOptions drive = new(disk, Format: DriveFormat.Raw) { Function = FunctionOf(placement) };
        MachineOptions options = _guests.Guest(IoWorkload.CommandsFor(
            phases, IoWorkload.BlockTarget(isNvme ? "/dev/nvme0n1" : "/dev/vda", placement == IoPlacement.ConfidentialEncrypted), seed, depth, seconds));
        if (isPassed)
        {
            options = WithLink(options, placement);
            options = isNvme ? options with { NvmeControllers = [[drive]] } : options with { Drives = [.. options.Drives, drive with { Pcie = true }] };
        }

        return isPassed ? InVirtualMachine(options, placement, [FirstFunction]) : InVirtualMachine(options, placement, [], disk);
    }
}
