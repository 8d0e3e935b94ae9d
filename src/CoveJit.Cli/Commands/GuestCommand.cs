using System.CommandLine;
using System.Diagnostics;
using CoveJit.Cli.Parsing;
using CoveJit.Guests;
using Spectre.Console;

namespace CoveJit.Cli.Commands;

/// <summary><c>covejit guest build</c>: makes guests from Debian's packages, with a progress bar where there is a terminal.</summary>
internal static class GuestCommand
{
    private const int Interrupted = 130;

    public static Command Build() => new("guest", "Make the guests that 'covejit run' boots") { BuildCommand() };

    private static Command BuildCommand()
    {
        string names = string.Join('|', Enum.GetValues<GuestKind>().Select(GuestBuilder.NameOf));
        Argument<string[]> guests = new("guest") { HelpName = names, Description = "Guests to make [default]", Arity = ArgumentArity.ZeroOrMore };
        Option<string[]> suite = new("--suite") { HelpName = "NAME", Description = "Debian suite; may be repeated, the first usable one is taken", AllowMultipleArgumentsPerToken = false };
        Option<string?> mirror = new("--mirror") { HelpName = "URL", Description = "Debian archive [the one of the host's apt]" };
        Option<string?> output = new("--output") { HelpName = "DIR", Description = $"Where guests go [{GuestBuilderOptions.DefaultOutputDirectory}]" };
        Option<string[]> programs = new("--program") { HelpName = "FILE", Description = "Static riscv64 executable to put into the bench guest; may be repeated" };
        Option<bool> install = new("--install") { Description = "Install the Debian packages of the host that are missing (apt-get install, with sudo unless root)" };
        Command command = new("build", "Make guests from Debian packages: kernel and initramfs, for 'disk' a Debian system with systemd, for 'nested' QEMU and a guest of its KVM; and the hypervisor, 'vmm'")
        {
            guests, suite, mirror, output, programs, install,
        };
        command.SetAction((result, cancellation) =>
        {
            GuestBuilderOptions defaults = new();
            GuestBuilderOptions options = new()
            {
                Suites = result.GetValue(suite) is { Length: > 0 } suites ? suites : defaults.Suites,
                Mirror = result.GetValue(mirror),
                OutputDirectory = result.GetValue(output) ?? defaults.OutputDirectory,
                ExtraPrograms = result.GetValue(programs) ?? [],
            };
            return MakeAsync(ParseKinds(result.GetValue(guests) ?? []), options, result.GetValue(install), result.InvocationConfiguration.Output, cancellation);
        });
        return command;
    }

    private static IReadOnlyList<GuestKind> ParseKinds(string[] names)
    {
        GuestKind[] kinds = Enum.GetValues<GuestKind>();
        return names.Length == 0
            ? [GuestKind.Initramfs]
            : [.. names.Select(name => Array.Exists(kinds, kind => GuestBuilder.NameOf(kind) == name)
                ? Array.Find(kinds, kind => GuestBuilder.NameOf(kind) == name)
                : throw new UsageException($"there is no guest '{name}' to make", $"give one or more of {string.Join(", ", kinds.Select(GuestBuilder.NameOf))}"))];
    }

    private static async Task<int> MakeAsync(
        IReadOnlyList<GuestKind> kinds, GuestBuilderOptions options, bool install, TextWriter output, CancellationToken cancellation)
    {
        if (options.ExtraPrograms is [string first, ..] && !kinds.Contains(GuestKind.Bench))
        {
            throw new UsageException($"--program {first} is given without the guest it goes into", "write: covejit guest build bench --program FILE");
        }

        Provide(GuestBuilder.MissingPackages(kinds), install);

        // The host's own handling of signals is off: see CommandLineHost.
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        ConsoleCancelEventHandler onCancel = (_, e) =>
        {
            e.Cancel = true;
            stop.Cancel();
        };
        Console.CancelKeyPress += onCancel;
        try
        {
            GuestBuilder builder = new(options);
            IReadOnlyList<GuestDescription> made = Console.IsOutputRedirected
                ? await builder.BuildAsync(kinds, new GuestProgressLines(output), stop.Token).ConfigureAwait(false)
                : await WithBarsAsync(builder, kinds, stop.Token).ConfigureAwait(false);
            foreach (GuestDescription guest in made)
            {
                string description = Path.Combine(options.OutputDirectory, guest.Name + ".json");
                bool isDefaultPlace = options.OutputDirectory == GuestBuilderOptions.DefaultOutputDirectory;
                if (guest.Name == GuestBuilder.NameOf(GuestKind.Vmm))
                {
                    string program = isDefaultPlace ? "" : $" --vmm {guest.Kernel}";
                    await output.WriteLineAsync($"Made {description}; run virtual machines on it with: covejit run --vm plain{program}").ConfigureAwait(false);
                    continue;
                }

                string boot = isDefaultPlace ? (guest.Name == GuestSelection.Default ? "" : $" --guest {guest.Name}") : $" --guest {description}";
                await output.WriteLineAsync($"Made {description}; boot it with: covejit run{boot}").ConfigureAwait(false);
            }

            return 0;
        }
        catch (OperationCanceledException)
        {
            await output.WriteLineAsync("Cancelled; nothing was changed, finished downloads are kept").ConfigureAwait(false);
            return Interrupted;
        }
        finally
        {
            Console.CancelKeyPress -= onCancel;
        }
    }

    private static void Provide(IReadOnlyList<string> packages, bool install)
    {
        if (packages.Count == 0)
        {
            return;
        }

        string list = string.Join(' ', packages);
        string sudo = Environment.IsPrivilegedProcess ? "" : "sudo ";
        if (!install)
        {
            throw new GuestBuildException(
                $"making this guest needs Debian packages that are not installed: {list}", $"run: {sudo}apt-get install {list} (or add --install)");
        }

        string[] command = [.. sudo.Split(' ', StringSplitOptions.RemoveEmptyEntries), "apt-get", "install", "--yes", "--no-install-recommends", .. packages];
        int status;
        try
        {
            using Process process = Process.Start(command[0], command.Skip(1));
            process.WaitForExit();
            status = process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new GuestBuildException($"{command[0]} could not be started", $"install these packages: {list}", e);
        }

        if (status != 0)
        {
            throw new GuestBuildException($"apt-get could not install {list} (status {status})", "read its messages above, perhaps run apt-get update first");
        }
    }

    private static Task<IReadOnlyList<GuestDescription>> WithBarsAsync(GuestBuilder builder, IReadOnlyList<GuestKind> kinds, CancellationToken cancellation) =>
        AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn(), new SpinnerColumn())
            .StartAsync(async context =>
            {
                GuestProgressBars bars = new(context);
                IReadOnlyList<GuestDescription> made = await builder.BuildAsync(kinds, bars, cancellation).ConfigureAwait(false);
                bars.Finish();
                return made;
            });
}
