using System.Runtime.InteropServices;
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
    private const ulong GuestMemory = 512UL << 20;
    private const string Defect = "this is a defect of CoveJit; please report it";

    /// <summary>Runs everything.</summary>
    /// <param name="progress">Told of each run.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="LoadException">A guest or the hypervisor is not built, or a guest failed, or data were not what they had to be.</exception>
    public IoResult Run(Action<string> progress, CancellationToken cancellation)
    {
        DateTime started = DateTime.UtcNow;
        IoPlacement[] placements = [.. IoPlacements.All.Where(placement => IoPlacements.WhyAbsent(placement, device) is null)];
        Dictionary<IoPlacement, IReadOnlyList<IoRun>> runs = [];
        DirectoryInfo work = Directory.CreateTempSubdirectory("covejit-compare-");
        try
        {
            if (placements.Length > 0)
            {
                progress("warming up");
                _ = VmRun.Execute(Guest("true"), GuestPlacement.Bare, cancellation);
            }

            for (int n = 0; n < repeat; n++)
            {
                foreach (IoPlacement placement in placements)
                {
                    cancellation.ThrowIfCancellationRequested();
                    progress($"run {n + 1} of {repeat}: {IoPlacements.NameOf(placement)}");
                    runs[placement] = [.. runs.GetValueOrDefault(placement) ?? [], RunOnce(placement, Path.Combine(work.FullName, "disk.img"), (ulong)n + 1, cancellation)];
                }
            }
        }
        finally
        {
            work.Delete(recursive: true);
        }

        return new IoResult(
            SchemaVersion,
            typeof(IoComparison).Assembly.GetName().Version!.ToString(3),
            $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}",
            Environment.ProcessorCount,
            started,
            guest,
            IoPlacements.Devices.First(known => known.Value == device).Key,
            GuestMemory,
            IoWorkload.Span,
            depth,
            repeat,
            seconds,
            instructionClock,
            [.. IoPlacements.All.Select(placement => new IoPlace(
                IoPlacements.NameOf(placement), IoPlacements.WhyAbsent(placement, device), [.. (runs.GetValueOrDefault(placement) ?? []).Select(run => run.Windows.Hypervisor)]))],
            [.. phases.SelectMany(_ => IoPlacements.All, (phase, placement) => IoRun.Combine(phase, placement, IoPlacements.WhyAbsent(placement, device), runs.GetValueOrDefault(placement) ?? []))]);
    }

    private IoRun RunOnce(IoPlacement placement, string disk, ulong seed, CancellationToken cancellation)
    {
        using (FileStream image = File.Create(disk))
        {
            image.SetLength(2 * IoWorkload.Span);
        }

        VmRun run = VmRun.Execute(Options(placement, disk, seed), IoPlacements.KindOf(placement), cancellation);
        if (run.Text.Any(line => line.StartsWith(IoWorkload.Missing, StringComparison.Ordinal)))
        {
            throw new LoadException($"the guest '{guest}' has no program for this", "make it anew with 'covejit guest build bench'");
        }

        // The guest has compared each word; here is what it says it read at the end, and what is in the image.
        bool isRead = run.Text.Contains($$"""{"digest":"{{IoWorkload.Digest(seed)}}"}""");
        int clear = IoWorkload.SectorsInTheClear(File.ReadAllBytes(disk), seed);
        if (!isRead || clear != (placement == IoPlacement.ConfidentialEncrypted ? 0 : IoWorkload.Sectors))
        {
            throw new LoadException(
                !isRead ? $"the guest in the placement '{IoPlacements.NameOf(placement)}' has read other data than it wrote"
                : $"{clear} of {IoWorkload.Sectors} sectors are in the clear in the placement '{IoPlacements.NameOf(placement)}'",
                Defect);
        }

        return IoRun.Read(run);
    }

    private MachineOptions Guest(string commands) =>
        GuestSelection.Apply(new MachineOptions { MemorySize = GuestMemory, InstructionCount = instructionClock, NoReboot = true }, guest) with
        {
            Append = $"quiet covejit.run=\"{commands}\"",
        };

    private MachineOptions Options(IoPlacement placement, string disk, ulong seed)
    {
        bool isPassed = IoPlacements.IsPassed(placement);
        bool isTeeIo = IoPlacements.IsTeeIo(placement);
        bool isNvme = isPassed && device == IoDevice.Nvme;
        DriveOptions drive = new(disk, Format: DriveFormat.Raw) { Function = isTeeIo ? new FunctionOptions { Tee = TeeIdentity.Genuine } : FunctionOptions.Plain };
        MachineOptions options = Guest(IoWorkload.CommandsFor(phases, isNvme ? "/dev/nvme0n1" : "/dev/vda", placement == IoPlacement.ConfidentialEncrypted, seed, depth, seconds));
        if (isPassed)
        {
            options = options with { Iommu = !isTeeIo, Ide = placement == IoPlacement.TeeIoFunctional ? IdeLinkMode.Functional : IdeLinkMode.Counted };
            options = isNvme ? options with { NvmeControllers = [[drive]] } : options with { Drives = [.. options.Drives, drive with { Pcie = true }] };
        }

        VirtualMachineRequest request = new(IoPlacements.KindOf(placement) == GuestPlacement.Plain ? VirtualMachineKind.Plain : VirtualMachineKind.Confidential)
        {
            MemorySize = GuestMemory,
            Drives = isPassed ? [] : [disk],
            Devices = !isPassed ? [] : isNvme ? ["nvme"] : ["01:00.0"],
        };
        return VirtualMachineSelection.Add(options, [request], hypervisor, choosesMemory: true);
    }
}
