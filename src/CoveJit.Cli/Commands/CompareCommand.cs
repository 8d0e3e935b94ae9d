using System.CommandLine;
using System.Globalization;
using CoveJit.Cli.Comparison;
using CoveJit.Cli.Parsing;
using CoveJit.Devices.Protection;
using CoveJit.Guests;

namespace CoveJit.Cli.Commands;

/// <summary><c>covejit compare</c>: measures what protection costs, on guests that do the work.</summary>
internal static class CompareCommand
{
    private const string DefaultRegions = "1,4,16,64,256,1024";
    private const int MostRepeats = 1000;
    private const int MostRounds = 1_000_000;
    private const double LeastSeconds = 0.01;
    private const double MostSeconds = 3600;

    public static Command Build() => new("compare", "Measure what protection costs") { Isolation(), VirtualMachines(), Io() };

    private static Command Isolation()
    {
        Option<string> regions = new("--regions") { HelpName = "LIST", Description = $"Regions of each domain, 1 to {IsolationProgram.MostRegions} [{DefaultRegions}]", DefaultValueFactory = _ => DefaultRegions };
        Option<int> repeat = new("--repeat") { HelpName = "N", Description = "Runs of each mechanism, of which the median counts [3]", DefaultValueFactory = _ => 3 };
        Option<int> rounds = new("--rounds") { HelpName = "N", Description = "How often a run does what is measured [2000]", DefaultValueFactory = _ => 2000 };
        Option<int> pmp = new("--pmp") { HelpName = "16|64", Description = "PMP entries of the hart [16]", DefaultValueFactory = _ => 16 };
        Option<int> iopmp = new("--iopmp-entries") { HelpName = "N", Description = "Entries of the IOPMP [64]", DefaultValueFactory = _ => 64 };
        Option<string?> json = new("--json") { HelpName = "F", Description = "Write every measurement to a JSON file" };
        Command command = new("isolation", "Two domains and a device, kept apart by PMP, Smepmp, a memory protection table and an IOPMP: entries, and the cost of switches, moves and accesses")
        {
            regions, repeat, rounds, pmp, iopmp, json,
        };
        command.SetAction(async (result, cancellation) =>
        {
            int pmpEntries = result.GetValue(pmp);
            if (pmpEntries is not (16 or 64))
            {
                throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--pmp {pmpEntries} is not possible"), "give 16 or 64");
            }

            IsolationComparison comparison = new(
                ParseRegions(result.GetValue(regions)!),
                Within("--repeat", result.GetValue(repeat), MostRepeats),
                Within("--rounds", result.GetValue(rounds), MostRounds),
                pmpEntries,
                Within("--iopmp-entries", result.GetValue(iopmp), IopmpConfiguration.MostEntries));
            IsolationResult isolation = await comparison.RunAsync(step => result.InvocationConfiguration.Error.WriteLine($"covejit: {step}"), cancellation).ConfigureAwait(false);
            IsolationTable.Write(isolation, result.InvocationConfiguration.Output);
            if (result.GetValue(json) is { } path)
            {
                await File.WriteAllTextAsync(path, isolation.ToJson(), cancellation).ConfigureAwait(false);
            }
        });
        return command;
    }

    private static Command VirtualMachines()
    {
        Option<string?> workloads = new("--workloads") { HelpName = "LIST", Description = $"What the guest does: some of {string.Join(',', GuestWorkload.All.Select(w => w.Name))} [all; net not with --icount]" };
        Option<int> repeat = new("--repeat") { HelpName = "N", Description = "Runs in each placement, of which the median counts [3]", DefaultValueFactory = _ => 3 };
        Option<double> seconds = new("--seconds") { HelpName = "S", Description = "Seconds a program runs, by the guest's clock [1]", DefaultValueFactory = _ => 1 };
        Option<bool> icount = new("--icount") { Description = "Derive the guest's time from instructions" };
        Option<string> guest = new("--guest") { HelpName = "NAME", Description = "The guest, which has the programs of 'covejit guest build bench' [bench]", DefaultValueFactory = _ => GuestBuilder.NameOf(GuestKind.Bench) };
        Option<string?> vmm = new("--vmm") { HelpName = "F", Description = "The hypervisor [the one that 'covejit guest build vmm' made]" };
        Option<string?> report = new("--report") { HelpName = "F", Description = "Write a report with charts to an HTML file" };
        Option<string?> json = new("--json") { HelpName = "F", Description = "Write every measurement to a JSON file" };
        Command command = new("vm", "The same guest and work on the bare machine, in a plain virtual machine and in a confidential one: time, instructions, exits, and where they come from")
        {
            workloads, repeat, seconds, icount, guest, vmm, report, json,
        };
        command.SetAction(async (result, cancellation) =>
        {
            double each = CheckSeconds(result.GetValue(seconds));
            VmComparison comparison = new(
                GuestWorkload.Parse(result.GetValue(workloads), result.GetValue(icount)),
                Within("--repeat", result.GetValue(repeat), MostRepeats),
                each,
                result.GetValue(guest)!,
                result.GetValue(vmm),
                result.GetValue(icount));
            VmResult measured = await Task.Run(() => comparison.Run(step => result.InvocationConfiguration.Error.WriteLine($"covejit: {step}"), cancellation), cancellation).ConfigureAwait(false);
            VmTable.Write(measured, result.InvocationConfiguration.Output);
            if (result.GetValue(report) is { } page)
            {
                await File.WriteAllTextAsync(page, VmReport.Html(measured), cancellation).ConfigureAwait(false);
            }

            if (result.GetValue(json) is { } path)
            {
                await File.WriteAllTextAsync(path, measured.ToJson(), cancellation).ConfigureAwait(false);
            }
        });
        return command;
    }

    private static Command Io()
    {
        const string Sizes = "4k,64k,1m";
        Option<string> device = new("--device") { HelpName = string.Join('|', IoPlacements.Devices.Keys), Description = "What the guest reads and writes [nvme]", DefaultValueFactory = _ => "nvme" };
        Option<string> sizes = new("--sizes") { HelpName = "LIST", Description = $"Sizes of requests [{Sizes}]", DefaultValueFactory = _ => Sizes };
        Option<string?> pattern = new("--pattern") { HelpName = "LIST", Description = $"Some of read,write,randread,randwrite [{IoWorkload.DefaultPatterns}]; an accelerator multiplies matrices" };
        Option<int?> depth = new("--depth") { HelpName = "N", Description = "Requests under way [1]; an accelerator has one" };
        Option<int> repeat = new("--repeat") { HelpName = "N", Description = "Runs in each placement, of which the median counts [3]", DefaultValueFactory = _ => 3 };
        Option<double> seconds = new("--seconds") { HelpName = "S", Description = "Seconds of each pattern and size, by the guest's clock [1]", DefaultValueFactory = _ => 1 };
        Option<bool> icount = new("--icount") { Description = "Derive the guest's time from instructions" };
        Option<string> guest = new("--guest") { HelpName = "NAME", Description = "The guest, which has the programs of 'covejit guest build bench' [bench]", DefaultValueFactory = _ => GuestBuilder.NameOf(GuestKind.Bench) };
        Option<string?> vmm = new("--vmm") { HelpName = "F", Description = "The hypervisor [the one that 'covejit guest build vmm' made]" };
        Option<string?> report = new("--report") { HelpName = "F", Description = "Write a report with charts to an HTML file" };
        Option<string?> json = new("--json") { HelpName = "F", Description = "Write every measurement to a JSON file" };
        Command command = new("io", "The same accesses to a device through VirtIO, passthrough, bounce buffers, encryption in the guest and TEE-IO: rates, latencies, instructions, exits")
        {
            device, sizes, pattern, depth, repeat, seconds, icount, guest, vmm, report, json,
        };
        command.SetAction(async (result, cancellation) =>
        {
            string name = result.GetValue(device)!;
            IoDevice chosen = IoPlacements.Devices.TryGetValue(name, out IoDevice known)
                ? known
                : throw new UsageException($"--device {name} is not known", $"give one of {string.Join(", ", IoPlacements.Devices.Keys)}");
            int? depthGiven = result.GetValue(depth);
            if (depthGiven is not null && chosen == IoDevice.Accelerator)
            {
                throw new UsageException("--depth is for devices that have several requests under way; an accelerator has one", "leave --depth out");
            }

            IoComparison comparison = new(
                chosen,
                chosen == IoDevice.Accelerator ? MatrixWorkload.Parse(result.GetValue(sizes)!, result.GetValue(pattern)) : IoWorkload.Parse(result.GetValue(sizes)!, result.GetValue(pattern)),
                depthGiven is { } wanted ? IoWorkload.CheckDepth(wanted) : 1,
                Within("--repeat", result.GetValue(repeat), MostRepeats),
                CheckSeconds(result.GetValue(seconds)),
                result.GetValue(guest)!,
                result.GetValue(vmm),
                result.GetValue(icount));
            IoResult measured = await Task.Run(() => comparison.Run(step => result.InvocationConfiguration.Error.WriteLine($"covejit: {step}"), cancellation), cancellation).ConfigureAwait(false);
            IoTable.Write(measured, result.InvocationConfiguration.Output);
            if (result.GetValue(report) is { } page)
            {
                await File.WriteAllTextAsync(page, IoReport.Html(measured), cancellation).ConfigureAwait(false);
            }

            if (result.GetValue(json) is { } path)
            {
                await File.WriteAllTextAsync(path, measured.ToJson(), cancellation).ConfigureAwait(false);
            }
        });
        return command;
    }

    private static double CheckSeconds(double seconds) => seconds is >= LeastSeconds and <= MostSeconds
        ? seconds
        : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--seconds {seconds} is out of range"), string.Create(CultureInfo.InvariantCulture, $"give {LeastSeconds} to {MostSeconds}"));

    private static int[] ParseRegions(string text) =>
        [.. text.Split(',').Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n is >= 1 and <= IsolationProgram.MostRegions
            ? n
            : throw new UsageException($"--regions {text}: '{part}' is no number of regions", string.Create(CultureInfo.InvariantCulture, $"give 1 to {IsolationProgram.MostRegions}, with commas between")))];

    private static int Within(string option, int value, int most) => value >= 1 && value <= most
        ? value
        : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option} {value} is out of range"), string.Create(CultureInfo.InvariantCulture, $"give 1 to {most}"));
}
