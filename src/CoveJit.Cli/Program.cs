using CoveJit.Cli;
using CoveJit.Cli.Commands;

return CommandLineHost.Invoke(
    CommandLineHost.Root(
        new RunCommand(MachineRunner.Run, GuestSelection.Select).Command,
        GuestCommand.Build(),
        DisassembleCommand.Build(),
        InfoCommand.Build()),
    args,
    Console.Out,
    Console.Error);
