using CoveJit.Cli.Commands;

return CommandLineHost.Invoke(CommandLineHost.Root(InfoCommand.Build()), args, Console.Out, Console.Error);
