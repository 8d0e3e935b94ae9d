using CoveJit.Cli;
using CoveJit.Cli.Commands;
using CoveJit.Cli.Terminal;

return CommandLineHost.Invoke(
    CommandLineHost.Root(
        new RunCommand(MachineRunner.Run, GuestSelection.Select, VirtualMachineSelection.Add).Command,
        GuestCommand.Build(),
        DisassembleCommand.Build(),
        InfoCommand.Build(),
        CompareCommand.Build(),
        AttackCommand.Build(),
        MeasureCommand.Build(),
        VerifyCommand.Build()),
    args,
    HostText.Output,
    HostText.Error);
