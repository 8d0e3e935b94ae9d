using System.Globalization;
using CoveJit.Attestation.Launch;
using CoveJit.Cli.Terminal;
using CoveJit.Machines;
using CoveJit.Machines.Inspection;
using CoveJit.Machines.Options;
using CoveJit.Tsm;

namespace CoveJit.Cli;

/// <summary>Runs machines on this process's terminal, once more for each reboot, and turns their end into an exit code.</summary>
internal static class MachineRunner
{
    private const int StandardInput = 0;
    private const int StandardOutput = 1;

    private const int FailureExitCode = 1;

    // The run ended because --no-reboot forbade to go on.
    private const int ResetExitCode = 3;

    /// <summary>Runs what the command line asks for; returns the process's exit code.</summary>
    public static int Run(MachineOptions options)
    {
        if (options.DumpDeviceTree is { } path)
        {
            using ConsoleOutput nowhere = new(StandardOutput);
            using Machine machine = new(options, new TerminalHost(nowhere));
            File.WriteAllBytes(path, machine.DeviceTree.ToArray());
            return 0;
        }

        if (options.Check)
        {
            return RunChecked(options);
        }

        using RawTerminal? terminal = options.HtifProgram is null ? RawTerminal.TryEnter(StandardInput) : null;
        using ConsoleOutput output = new(StandardOutput);
        TerminalHost host = new(output);
        using SilenceWatch? silence = options.HtifProgram is null ? new SilenceWatch(SilenceWatch.Patience, host.Report) : null;
        host.Silence = silence;
        using HostSignals signals = new(host.Stop);
        ConsoleInput input = new(StandardInput, terminal is not null, host.Receive, escape =>
        {
            if (escape == EscapeAction.Quit)
            {
                host.Stop();
            }
            else
            {
                output.Write("\r\nCtrl-A x  leave the emulator\r\nCtrl-A h  this help\r\nCtrl-A Ctrl-A  send Ctrl-A\r\n"u8);
            }
        });

        bool inputStarted = options.HtifProgram is not null;
        while (true)
        {
            using Machine machine = new(options, host);

            // The files it was loaded from are garbage now, tens of megabytes that nothing else would make the collector return.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            host.Attach(machine);
            if (!inputStarted)
            {
                input.Start();
                inputStarted = true;
            }

            MachineEnd end = machine.Run();
            host.Attach(null);
            output.Flush();
            Conclude(machine, options);
            if (end.Kind == MachineEndKind.Reboot && options.NoReboot && signals.ExitCode is null)
            {
                // Firmware cannot tell a reboot from the reset of a kernel that panicked: whoever asked for one run hears of it.
                host.Report("the guest reset itself, as a kernel with panic=... does when it panics; the run ends here, leave --no-reboot out to go on");
                return ResetExitCode;
            }

            if (end.Kind != MachineEndKind.Reboot)
            {
                return signals.ExitCode ?? ExitCode(end.Code);
            }
        }
    }

    // Input is not read: it could not be the same each time. Without a raw terminal Ctrl-C ends the run.
    private static int RunChecked(MachineOptions options)
    {
        using ConsoleOutput output = new(StandardOutput);
        TerminalHost host = new(output);
        Lockstep? lockstep = null;
        using HostSignals signals = new(() => Volatile.Read(ref lockstep)?.Stop());
        while (true)
        {
            using Lockstep current = new(options, host);
            Volatile.Write(ref lockstep, current);
            MachineEnd end = current.Run();
            output.Flush();
            if (current.Difference is { } difference)
            {
                host.Report(difference.TrimEnd('\n'));
                return FailureExitCode;
            }

            host.Report(string.Create(CultureInfo.InvariantCulture, $"{current.Instructions} instructions checked, no difference"));
            Conclude(current.Machine, options);
            if (end.Kind != MachineEndKind.Reboot || options.NoReboot || signals.ExitCode is not null)
            {
                return signals.ExitCode ?? (end.Kind == MachineEndKind.Reboot ? ResetExitCode : ExitCode(end.Code));
            }
        }
    }

    // The host keeps the low 8 bits of an exit code: a failure must not become a success there.
    private static int ExitCode(int code) => code != 0 && (code & 0xFF) == 0 ? FailureExitCode : code;

    private static void Conclude(Machine machine, MachineOptions options)
    {
        if (options.SignatureFile is { } signature)
        {
            using StreamWriter writer = new(signature) { NewLine = "\n" };
            machine.WriteSignature(writer);
        }

        if (options.StatisticsFile is { } statistics)
        {
            File.WriteAllText(statistics, MachineStatistics.Collect(machine).ToJson());
        }

        if (options.LaunchDirectory is { } launches)
        {
            Directory.CreateDirectory(launches);
            foreach (TvmLaunch launch in machine.Tsm?.Launches ?? [])
            {
                string path = Path.Combine(launches, string.Create(CultureInfo.InvariantCulture, $"tvm{launch.GuestId}"));
                File.WriteAllText(path + ".plan.json", LaunchPlanFile.Write(launch.Plan));
                File.WriteAllBytes(path + ".evidence", launch.Evidence.ToArray());
            }
        }

        if (options.Profile)
        {
            ProfileReport.Write(machine, HostText.Error);
        }

        if (options.DumpAsmFile is { } assembly)
        {
            using StreamWriter writer = new(assembly) { NewLine = "\n" };
            AssemblyReport.Write(machine, writer);
        }
        else if (options.DumpAsm is not null)
        {
            AssemblyReport.Write(machine, HostText.Error);
        }
    }

    /// <summary>The terminal as machines see it: output goes on across reboots, input to the machine that runs at the time.</summary>
    private sealed class TerminalHost(ConsoleOutput output) : IMachineHost
    {
        private readonly Lock _lock = new();
        private Machine? _machine;
        private bool _stopped;

        public SilenceWatch? Silence { get; set; }

        public void ConsoleWrite(ReadOnlySpan<byte> bytes)
        {
            Silence?.Heard();
            output.Write(bytes);
        }

        public void Report(string line) => HostText.Error.WriteLine($"covejit: {line}");

        public int Receive(ReadOnlySpan<byte> bytes)
        {
            lock (_lock)
            {
                return _machine?.ReceiveInput(bytes) ?? 0;
            }
        }

        public void Stop()
        {
            lock (_lock)
            {
                _stopped = true;
                _machine?.Stop();
            }
        }

        public void Attach(Machine? machine)
        {
            lock (_lock)
            {
                _machine = machine;
                if (_stopped)
                {
                    machine?.Stop();
                }
            }
        }
    }
}
