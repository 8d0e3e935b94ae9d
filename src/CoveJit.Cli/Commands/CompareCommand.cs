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

    public static Command Build() => new("compare", "Measure what protection costs") { Isolation() };

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

    private static int[] ParseRegions(string text) =>
        [.. text.Split(',').Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n is >= 1 and <= IsolationProgram.MostRegions
            ? n
            : throw new UsageException($"--regions {text}: '{part}' is no number of regions", string.Create(CultureInfo.InvariantCulture, $"give 1 to {IsolationProgram.MostRegions}, with commas between")))];

    private static int Within(string option, int value, int most) => value >= 1 && value <= most
        ? value
        : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option} {value} is out of range"), string.Create(CultureInfo.InvariantCulture, $"give 1 to {most}"));
}
