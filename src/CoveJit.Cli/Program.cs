using CoveJit.Cli;
using CoveJit.Cli.Commands;

return CommandLineHost.Invoke(
    CommandLineHost.Root(new RunCommand(MachineRunner.Run).Command, InfoCommand.Build()),
    args,
    Console.Out,
    Console.Error);
