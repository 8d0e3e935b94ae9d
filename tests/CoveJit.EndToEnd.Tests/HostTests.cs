using System.Globalization;

namespace CoveJit.EndToEnd.Tests;

/// <summary>Signals, end of input and the terminal.</summary>
public sealed class HostTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [GuestFact("/usr/bin/script")]
    public void On_a_terminal_sigterm_ends_the_run_with_143_and_restores_the_settings() => EndOnTerminal(
        machine =>
        {
            using System.Diagnostics.Process kill = System.Diagnostics.Process.Start("kill", [File.ReadAllText(_directory.File("pid")).Trim()]);
            kill.WaitForExit();
        },
        143);

    [GuestFact("/usr/bin/script")]
    public void On_a_terminal_ctrl_a_x_ends_the_run_and_restores_the_settings() => EndOnTerminal(machine => machine.Type("\u0001x"), 0);

    // .NET's console would add the escape sequences that switch a terminal to its application keypad, and leave it so.
    [GuestFact("/usr/bin/script")]
    public void On_a_terminal_an_error_is_its_line_and_nothing_else()
    {
        using CoveJitProcess terminal = CoveJitProcess.Start(
            "/usr/bin/script", ["-q", "-e", "-c", $"{CoveJitProcess.Program} run --kernel /nonexistent", "/dev/null"], new() { ["SHELL"] = "/bin/sh", ["TERM"] = "xterm" });
        Assert.Equal(1, terminal.WaitForExit(20));
        Assert.Equal("covejit: --kernel /nonexistent does not exist; check the path\r\n", terminal.Output);
    }

    [GuestFact]
    public void Closing_standard_input_does_not_stop_the_machine()
    {
        using CoveJitProcess machine = CoveJitProcess.Start("run", "--guest", DefaultGuest.DescriptionFile);
        machine.CloseInput();
        machine.WaitFor(DefaultGuest.ReadyMarker, 150);
        machine.Signal("TERM");
        Assert.Equal(143, machine.WaitForExit(5));
    }

    private void EndOnTerminal(Action<CoveJitProcess> end, int expected)
    {
        string script = string.Create(
            CultureInfo.InvariantCulture,
            $"cd {_directory.Path}; stty -g > before; sh -c 'echo $$ > pid; exec {CoveJitProcess.Program} run --guest {DefaultGuest.DescriptionFile}'; echo $? > code; stty -g > after");
        using CoveJitProcess terminal = CoveJitProcess.Start("/usr/bin/script", ["-q", "-c", script, "/dev/null"], new() { ["SHELL"] = "/bin/sh" });
        terminal.WaitFor("Linux version", 60);
        end(terminal);
        terminal.WaitForExit(5);
        Assert.Equal(expected, int.Parse(File.ReadAllText(_directory.File("code")), CultureInfo.InvariantCulture));
        Assert.Equal(File.ReadAllText(_directory.File("before")), File.ReadAllText(_directory.File("after")));
    }
}
