using System.CommandLine;
using System.Globalization;
using CoveJit.Attestation.Cryptography;
using CoveJit.Attestation.Dice;
using CoveJit.Attestation.Launch;
using CoveJit.Attestation.Verification;
using CoveJit.Cli.Parsing;
using CoveJit.Tsm;

namespace CoveJit.Cli.Commands;

/// <summary><c>covejit measure</c>: computes reference values from what a TVM is launched with, without launching it.</summary>
internal static class MeasureCommand
{
    private const int MaxVcpus = 4096;

    // Inputs that a plan may name, each with its option.
    private static readonly (string Name, string Description)[] FileInputs =
    [
        ("shim", "Content of the plan's input 'shim': what runs first"),
        ("kernel", "Content of the plan's input 'kernel'"),
        ("initrd", "Content of the plan's input 'initrd'"),
        ("device-tree", "Content of the plan's input 'device-tree'"),
    ];

    private const string AppendInput = "append";
    private const string EmulatedTcb = "covejit";

    public static Command Build()
    {
        Option<string> plan = new("--plan") { HelpName = "FILE", Description = "Launch plan: what is loaded where, entry point, argument and vCPUs", Required = true };
        Option<string?> append = new("--append") { HelpName = "ARGS", Description = "Content of the plan's input 'append': the kernel's command line" };
        Option<int?> vcpus = new("--vcpus") { HelpName = "N", Description = "Number of vCPUs, instead of the plan's" };
        Option<string?> tcb = new("--tcb") { HelpName = "FILE|covejit", Description = "Description of platform and TSM; covejit is the one of run --tsm on, with its root; without it only the TVM is measured" };
        Option<string[]> roots = new("--root") { HelpName = "FILE", Description = "A platform root to trust: certificate or public key; may be repeated" };
        Option<string[]> owners = new("--owner") { HelpName = "FILE", Description = "With --tcb covejit: a key that run --owner names, in the same order; may be repeated" };
        Option<string?> output = new("--output") { HelpName = "FILE", Description = "Where the reference values go [standard output]" };
        Option<string?>[] files = [.. FileInputs.Select(input => new Option<string?>($"--{input.Name}") { HelpName = "FILE", Description = input.Description })];
        Command command = new("measure", "Compute the reference values of a confidential VM") { plan };
        foreach (Option option in (Option[])[.. files, append, vcpus, tcb, owners, roots, output])
        {
            command.Add(option);
        }

        command.SetAction(result =>
        {
            Dictionary<string, ReadOnlyMemory<byte>> inputs = [];
            foreach (((string name, _), Option<string?> option) in FileInputs.Zip(files))
            {
                if (result.GetValue(option) is { } path)
                {
                    inputs.Add(name, LaunchPlanFile.ReadInput(name, path));
                }
            }

            if (result.GetValue(append) is { } arguments)
            {
                inputs.Add(AppendInput, LaunchPlanFile.TextContent(arguments));
            }

            LaunchPlan launch = LaunchPlanFile.Load(result.GetValue(plan)!, inputs);
            if (result.GetValue(vcpus) is { } count)
            {
                launch = launch with { VcpuIds = VcpuIds(count) };
            }

            bool emulated = result.GetValue(tcb) == EmulatedTcb;
            IReadOnlyList<P384PublicKey> ownerKeys = [.. (result.GetValue(owners) ?? []).Select(path => TrustAnchor.Load(path, "owner"))];
            if (ownerKeys.Count > 0 && !emulated)
            {
                throw new UsageException("--owner is about the TEE security manager of --tcb covejit", "add --tcb covejit, or put the hash of the configuration into the --tcb file");
            }

            TcbDescription? description = emulated ? TsmIdentity.DescribeEmulated(ownerKeys) : result.GetValue(tcb) is { } file ? TcbDescription.Load(file) : null;
            List<P384PublicKey> trusted = [.. (result.GetValue(roots) ?? []).Select(TrustAnchor.Load)];
            if (emulated)
            {
                trusted.Add(TsmIdentity.Emulated.Root.PublicKey);
            }

            string json = ReferenceCalculator.Compute(launch, description, trusted).ToJson();
            if (result.GetValue(output) is { } target)
            {
                File.WriteAllText(target, json);
            }
            else
            {
                result.InvocationConfiguration.Output.Write(json);
            }
        });
        return command;
    }

    private static IReadOnlyList<ulong> VcpuIds(int count) => count is > 0 and <= MaxVcpus
        ? [.. Enumerable.Range(0, count).Select(id => (ulong)id)]
        : throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--vcpus {count} is not possible"), string.Create(CultureInfo.InvariantCulture, $"give 1 to {MaxVcpus}"));
}
