using System.CommandLine;
using System.CommandLine.Parsing;
using CoveJit.Attestation;
using CoveJit.Cli.Parsing;
using CoveJit.Guests;
using CoveJit.Machines.Loading;

namespace CoveJit.Cli.Commands;

/// <summary>
/// Parses and runs a command line. Every failure becomes one line on standard error, <c>covejit: cause; mend</c>, and an exit
/// code: 2 if the command line is wrong, 1 for everything else.
/// </summary>
internal static class CommandLineHost
{
    private const int Failure = 1;
    private const int UsageFailure = 2;

    /// <summary>Makes the root command of the given subcommands.</summary>
    public static RootCommand Root(params ReadOnlySpan<Command> commands)
    {
        RootCommand root = new("A RISC-V RV64 full-system emulator");
        foreach (Command command in commands)
        {
            root.Add(command);
        }

        return root;
    }

    /// <summary>Runs a command line and returns the exit code.</summary>
    public static int Invoke(RootCommand root, IReadOnlyList<string> arguments, TextWriter output, TextWriter error)
    {
        // QEMU's options are words behind one dash, and an @ or a bundle of letters in a value means nothing special.
        ParseResult result = root.Parse(arguments, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (result.Errors.Count > 0)
        {
            return Report(error, Explain(result), UsageFailure);
        }

        try
        {
            return result.Invoke(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (UsageException e)
        {
            return Report(error, e.Message, UsageFailure);
        }
        catch (GuestBuildException e)
        {
            return Report(error, e.Message, Failure);
        }
        catch (LoadException e)
        {
            return Report(error, e.Message, Failure);
        }
        catch (AttestationException e)
        {
            return Report(error, e.Message, Failure);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Report(error, $"{e.Message.Split('\n')[0].TrimEnd('.', '\r')}; check the path and the disk", Failure);
        }
    }

    private static string Explain(ParseResult result)
    {
        Command command = result.CommandResult.Command;
        bool atRoot = command is RootCommand;
        string help = atRoot ? "covejit --help lists the commands" : $"covejit {command.Name} --help lists its options";
        if (result.UnmatchedTokens.Count == 0)
        {
            return atRoot && result.Tokens.Count == 0
                ? $"no command is given; {help}"
                : $"{result.Errors[0].Message.Split('\n')[0].TrimEnd('.', '\r')}; {help}";
        }

        string word = result.UnmatchedTokens[0];
        if (!word.StartsWith('-'))
        {
            string? command0 = NearestName.Find(word, command.Subcommands.Select(c => c.Name));
            string kind = command.Subcommands.Count > 0 ? "command" : "argument";
            return $"unknown {kind} '{Printable(word)}'; {(command0 is null ? help : $"did you mean '{command0}'? {help}")}";
        }

        string name = word.Split('=')[0];
        if (!atRoot && (RunCommand.QemuHints.TryGetValue(name, out string? hint) || RunCommand.QemuHints.TryGetValue(name[1..], out hint)))
        {
            return $"unknown option '{Printable(name)}'; {hint}";
        }

        IEnumerable<string> options = command.Options.Where(o => !o.Hidden).Select(o => o.Name);
        return NearestName.Find(name, options) is { } near
            ? $"unknown option '{Printable(name)}'; did you mean '{near}'? {help}"
            : $"unknown option '{Printable(name)}'; {help}";
    }

    private static string Printable(string word) => string.Concat(word.Select(c => char.IsControl(c) ? '?' : c));

    private static int Report(TextWriter error, string message, int code)
    {
        error.WriteLine($"covejit: {message}");
        return code;
    }
}
