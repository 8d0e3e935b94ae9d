using System.CommandLine;
using System.Globalization;
using CoveJit.Cli.Attacks;
using CoveJit.Cli.Parsing;

namespace CoveJit.Cli.Commands;

/// <summary><c>covejit attack</c>: attacks confidential virtual machines, and plain ones to compare. Exit code 0 if everything is stopped by what is expected to.</summary>
internal static class AttackCommand
{
    private const int AsExpected = 0;
    private const int Unexpected = 1;
    private const int SchemaVersion = 1;

    public static Command Build()
    {
        Option<bool> list = new("--list") { Description = "List the attacks" };
        Option<string?> only = new("--only") { HelpName = "NAME", Description = "Make one attack alone" };
        Option<string?> json = new("--json") { HelpName = "F", Description = "Write the results to a JSON file" };
        Command command = new("attack", "Attack confidential virtual machines with a hostile host, and plain ones to compare") { list, only, json };
        command.SetAction(async (result, cancellation) =>
        {
            TextWriter output = result.InvocationConfiguration.Output;
            string? name = result.GetValue(only);
            if (result.GetValue(list) || name is not null)
            {
                IReadOnlyList<AttackResult> all = await AttackRun.ListAsync(cancellation).ConfigureAwait(false);
                if (name is not null && all.All(attack => attack.Attack != name))
                {
                    string near = NearestName.Find(name, all.Select(attack => attack.Attack)) is { } other ? $"did you mean '{other}'? " : string.Empty;
                    throw new UsageException($"there is no attack '{string.Concat(name.Select(c => char.IsControl(c) ? '?' : c))}'", $"{near}covejit attack --list lists them");
                }

                if (result.GetValue(list))
                {
                    AttackTable.WriteList([.. all.Where(attack => name is null || attack.Attack == name)], output);
                    return AsExpected;
                }
            }

            IReadOnlyList<AttackResult> attacks = await AttackRun.MakeAsync(name, cancellation).ConfigureAwait(false);
            AttackTable.WriteResults(attacks, output);
            if (result.GetValue(json) is { } path)
            {
                AttackReport report = new(SchemaVersion, typeof(AttackCommand).Assembly.GetName().Version!.ToString(3), attacks);
                await File.WriteAllTextAsync(path, report.ToJson(), cancellation).ConfigureAwait(false);
            }

            int unexpected = attacks.Count(attack => !attack.IsAsExpected);
            output.WriteLine(unexpected == 0
                ? string.Create(CultureInfo.InvariantCulture, $"{attacks.Count} attacks, {attacks.Sum(attack => attack.Attempts)} attempts: all stopped as expected.")
                : string.Create(CultureInfo.InvariantCulture, $"{unexpected} of {attacks.Count} attacks ended in another way than expected."));
            return unexpected == 0 ? AsExpected : Unexpected;
        });
        return command;
    }
}
